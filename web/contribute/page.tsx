import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { formatMeasure, formatNumber } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { Erase } from './erase.tsx';
import { Examples } from './examples.tsx';
import { Flow } from './flow.tsx';
import { Receipts } from './receipts.tsx';
import { Train } from './train.tsx';
import { TryIt } from './try-it.tsx';
import { contributeWords } from './words/index.ts';

/** `/contribute/<task>`: one column, three steps, all of them visible. */
export function ContributePage({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const view = contribution.view.value;
  // What is below the first screen is made when that has been painted.
  const [isWhole, setWhole] = useState(false);
  useEffect(() => setWhole(true), []);
  // The view changes many times a second; each part follows only what it reads.
  const parts = useMemo(
    () => (
      <>
        <Head contribution={contribution} />
        <Flow contribution={contribution} />
        <Examples contribution={contribution} />
        {isWhole && (
          <>
            <Train contribution={contribution} />
            <TryIt contribution={contribution} />
            <Receipts contribution={contribution} />
            <Erase contribution={contribution} />
          </>
        )}
      </>
    ),
    [contribution, isWhole],
  );
  return (
    <main
      id="main"
      class="column"
      data-state={view.state}
      data-round={view.round ?? ''}
      data-version={view.version ?? contribution.model.value.version}
      data-reason={view.reason ?? ''}
      data-backend={view.backend?.used}
      data-backend-reason={view.backend?.reason ?? undefined}
    >
      {parts}
    </main>
  );
}

function Head({ contribution }: { contribution: Contribution }): JSX.Element {
  const t = contributeWords().head;
  const { task } = contribution;
  const { online, version, score } = contribution.model.value;
  const facts = [
    ...(task.closed ? [t.closed] : []),
    online === 0 ? t.nobody : t.people(formatNumber(online)),
    t.version(formatNumber(version)),
    ...(score === null ? [] : [(score.accuracy === undefined ? t.off : t.right)(formatMeasure(score))]),
  ];
  return (
    <div class="head">
      <h1>{task.title}</h1>
      <p class="muted">{facts.join(' · ')}</p>
    </div>
  );
}
