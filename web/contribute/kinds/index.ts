import type { KindName, TaskData } from '../../../shared/task/kinds/index.ts';
import { imageView } from './image.tsx';
import type { KindView } from './kind-view.ts';

const KIND_VIEWS: { readonly [Kind in KindName]: KindView<Kind> } = { image: imageView };

/** Its parts take the data of their own kind only. */
export const viewOf = (data: TaskData): KindView<KindName> => KIND_VIEWS[data.kind];
