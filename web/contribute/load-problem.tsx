import type { JSX } from 'preact';
import { contributeWords } from './words/index.ts';

/** The task or the list could not be had: what happened, and what to do. */
export function LoadProblem(props: {
  readonly reason: 'missing' | 'unreachable' | 'broken';
  readonly onAgain: () => void;
}): JSX.Element {
  const t = contributeWords().load;
  return (
    <div class="notice problem" role="alert">
      <p>{t[props.reason]}</p>
      <div class="row">
        {props.reason === 'missing' ? (
          <a class="button" href="/">
            {t.all}
          </a>
        ) : (
          <button type="button" onClick={props.onAgain}>
            {t.again}
          </button>
        )}
      </div>
    </div>
  );
}
