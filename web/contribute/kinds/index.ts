import type { KindName, TaskData } from '../../../shared/task/kinds/index.ts';
import { audioView } from './audio.tsx';
import { charactersView } from './characters.tsx';
import { imageView } from './image.tsx';
import type { KindView } from './kind-view.ts';
import { ratingsView } from './ratings.tsx';
import { tableView } from './table.tsx';
import { textView } from './text.tsx';

const KIND_VIEWS: { readonly [Kind in KindName]: KindView<Kind> } = {
  image: imageView,
  table: tableView,
  text: textView,
  characters: charactersView,
  audio: audioView,
  ratings: ratingsView,
};

/** Its parts take the data of their own kind only, which they are given by the `kind` that chose them. */
export const viewOf = (data: TaskData): KindView<KindName> => KIND_VIEWS[data.kind] as unknown as KindView<KindName>;
