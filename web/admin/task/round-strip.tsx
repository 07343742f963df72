import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatNumber } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import type { Round } from '../answers.ts';
import { Link } from '../link.tsx';
import type { ShownTask } from '../shown.ts';
import { adminWords } from '../words/index.ts';
import { roundSentence } from './round-sentence.ts';

const SQUARES = 96;

/** A square a round: committed, abandoned, running. The sentence under it tells of the one that is pointed at. */
export function RoundStrip({ task }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords();
  const { picture, spec, history } = task;
  const pointed = useSignal<number | null>(null);
  const rounds = history.rounds.slice(-SQUARES);
  const running = picture.status.round?.number ?? null;
  const isRunning = running !== null && rounds.at(-1)?.number !== running;
  const numbers = [...rounds.map(({ number }) => number), ...(isRunning ? [running] : [])];
  const earlier = history.rounds.length - rounds.length;
  const shown = pointed.value !== null && numbers.includes(pointed.value) ? pointed.value : null;
  // One stop for the tab key: the arrows go on from there.
  const stop = shown ?? numbers.at(-1);

  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -numbers.length, End: numbers.length }[event.key];
    if (step === undefined || stop === undefined) return;
    event.preventDefault();
    const at = Math.min(numbers.length - 1, Math.max(0, numbers.indexOf(stop) + step));
    const list = event.currentTarget as HTMLElement;
    list.querySelectorAll('a')[at]?.focus();
  }

  return (
    <section class="card">
      <h2>{t.strip.title}</h2>
      {numbers.length === 0 ? (
        <p class="muted small">{t.strip.none}</p>
      ) : (
        <>
          {earlier > 0 && (
            <p class="small earlier">
              <Link to={taskPlace(picture.task, 'rounds')}>{t.strip.earlier(formatNumber(earlier))}</Link>
            </p>
          )}
          <ul
            class="strip"
            onKeyDown={move}
            onPointerLeave={() => {
              pointed.value = null;
            }}
          >
            {numbers.map((number) => {
              const round = rounds.find((one) => one.number === number);
              const kind = round?.outcome ?? 'running';
              return (
                <li key={number}>
                  <Link
                    to={taskPlace(picture.task, 'rounds', number)}
                    class={`square ${kind}`}
                    tabIndex={number === stop ? 0 : -1}
                    aria-label={`${t.round.title(formatNumber(number))}: ${t.strip.kinds[kind]}`}
                    onPointerEnter={() => {
                      pointed.value = number;
                    }}
                    onFocus={() => {
                      pointed.value = number;
                    }}
                  />
                </li>
              );
            })}
          </ul>
          <p class="strip-sentence muted small" aria-live="polite">
            {shown === null ? (lastAbandoned(rounds, task) ?? t.strip.hint) : sentenceOf(shown)}
          </p>
        </>
      )}
    </section>
  );

  function sentenceOf(number: number): string {
    const round = rounds.find((one) => one.number === number);
    return round === undefined ? t.sentences.running(formatNumber(number)) : roundSentence(round, spec);
  }
}

/** What went wrong last is worth more than how to use the strip. */
function lastAbandoned(rounds: readonly Round[], { spec }: ShownTask): string | null {
  const last = rounds.findLast(({ outcome }) => outcome === 'abandoned');
  return last === undefined ? null : roundSentence(last, spec);
}
