import type { JSX } from 'preact';
import type { DataOf, KindName } from '../../../shared/task/kinds/index.ts';
import type { StoredExample } from '../../data/dataset.ts';
import type { Contribution, TrialView } from '../contribution.ts';

export interface BringProps<Kind extends KindName> {
  readonly contribution: Contribution;
  readonly data: DataOf<Kind>;
  /** Something else is being done with the examples, or they are damaged. */
  readonly isDisabled: boolean;
}

/** What the contributor's page shows for one kind of data. */
export interface KindView<Kind extends KindName> {
  /** Step 1: where examples are made by hand. */
  readonly Make?: (props: BringProps<Kind>) => JSX.Element;
  /** Buttons beside "Add sample data": what is brought from elsewhere. */
  readonly Import: (props: BringProps<Kind>) => JSX.Element;
  /** One stored example. */
  readonly Shown: (props: { readonly data: DataOf<Kind>; readonly example: StoredExample }) => JSX.Element;
  /** What the target of an example is called. */
  readonly nameOf: (data: DataOf<Kind>, target: number) => string;
  /** Examples stand under each other, as lines; else side by side, as pictures. */
  readonly isList?: boolean;
  /** Step 3: an example to try the model on, and what it says. */
  readonly Try: (props: {
    readonly contribution: Contribution;
    readonly data: DataOf<Kind>;
    readonly trial: Extract<TrialView, { readonly kind: 'open' }>;
  }) => JSX.Element;
}
