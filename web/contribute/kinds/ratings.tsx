import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formOf } from '../../../shared/task/kinds/index.ts';
import { choicesOf, itemsWith, type RatingScale } from '../../../shared/task/kinds/ratings.ts';
import { ratingRows } from '../../data/import/row-reader.ts';
import { formatNumber, TextField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';
import type { BringProps, KindView } from './kind-view.ts';
import { ColumnsUpload } from './table-upload.tsx';

export const ratingsView: KindView<'ratings'> = {
  Make: Rate,
  Import: RatingUpload,
  Shown: ({ data, example }) => <span class="snippet">{data.items[example.features[0] ?? -1] ?? ''}</span>,
  nameOf: ({ scale }, rating) => ratingText(rating, scale),
  isList: true,
  Try: TryTaste,
};

/** With as many decimals as the scale has, where it is not whole. */
function ratingText(rating: number, { step }: RatingScale): string {
  const decimals = String(step).split('.')[1]?.length ?? 0;
  return formatNumber(rating, Number.isInteger(rating) ? 0 : Math.max(1, decimals));
}

/** Titles that are listed at once; the others are found by their letters. */
const LISTED_COUNT = 8;
const RECOMMENDED_COUNT = 5;

/** A list of titles with a choice for each; the newest ratings are shown where they were given. */
function Rate({ contribution, data, isDisabled }: BringProps<'ratings'>): JSX.Element {
  const t = contributeWords().ratings;
  const [letters, setLetters] = useState('');
  const view = contribution.examples.value;
  const stored = view.kind === 'open' ? view.shown : [];
  const found = itemsWith(data, letters);
  const choices = choicesOf(data.scale);
  const { minimum, maximum } = data.scale;

  const rate = async (item: number, rating: number): Promise<void> => {
    const before = stored.filter(({ features }) => features[0] === item);
    const example = { features: Int32Array.of(item), targets: Float32Array.of(rating) };
    if (!(await contribution.addExamples(example))) return;
    // The newest holds in any case; what is in sight is not to be there twice.
    for (const { id } of before) await contribution.removeExample(id);
  };
  return (
    <div class="write">
      <TextField
        label={t.find}
        help={t.scale(ratingText(minimum, data.scale), ratingText(maximum, data.scale))}
        value={letters}
        onChange={setLetters}
      />
      {found.length === 0 && <p class="muted small">{t.none}</p>}
      <ul class="rate-list" aria-label={t.list}>
        {found.slice(0, LISTED_COUNT).map((item) => {
          const title = data.items[item] ?? '';
          const own = stored.find(({ features }) => features[0] === item);
          return (
            <li key={item}>
              <span>{title}</span>
              <select
                aria-label={t.ratingOf(title)}
                value={String(choices.find((choice) => Math.fround(choice) === own?.target) ?? '')}
                disabled={isDisabled}
                onChange={(event) => {
                  const { value } = event.currentTarget;
                  if (value !== '') void rate(item, Number(value));
                }}
              >
                <option value="" disabled={own !== undefined}>
                  {t.unrated}
                </option>
                {choices.map((choice) => (
                  <option key={choice} value={String(choice)}>
                    {ratingText(choice, data.scale)}
                  </option>
                ))}
              </select>
            </li>
          );
        })}
      </ul>
      {found.length > LISTED_COUNT && (
        <p class="muted small">{t.shown(formatNumber(LISTED_COUNT), formatNumber(found.length))}</p>
      )}
    </div>
  );
}

/** A file of titles and ratings. */
function RatingUpload({ contribution, data, isDisabled }: BringProps<'ratings'>): JSX.Element {
  return (
    <ColumnsUpload
      text={contributeWords().ratings.upload}
      reader={ratingRows(data)}
      form={formOf(data)}
      contribution={contribution}
      isDisabled={isDisabled}
    />
  );
}

/** What the trainer reads by itself: there is nothing to hand over. */
const OWN_RATINGS = new Int32Array(0);

/** The titles that this person would like best of those not rated yet. */
function TryTaste({ contribution, data, trial }: Parameters<KindView<'ratings'>['Try']>[0]): JSX.Element {
  const t = contributeWords().ratings;
  const examples = contribution.examples.value;
  const { version } = contribution.model.value;
  useEffect(() => {
    void contribution.predict(OWN_RATINGS);
  }, [examples, version]);
  const { target } = formOf(data);
  const { minimum, maximum } = data.scale;
  const ratingOf = (scaled: number): number =>
    target.type === 'number' ? Math.min(maximum, Math.max(minimum, scaled * target.scale + target.offset)) : scaled;
  // What is rated already has no score.
  const unrated = [...(trial.scores ?? []).entries()].filter(([, score]) => !Number.isNaN(score));
  const best = unrated.toSorted(([, a], [, b]) => b - a).slice(0, RECOMMENDED_COUNT);
  const hasOwn = trial.scores?.some((score) => Number.isNaN(score)) ?? false;
  return (
    <div class="try-row">
      <p class="muted small">{t.tryHow}</p>
      {trial.scores !== null && !hasOwn && <p class="muted small">{t.tryNone}</p>}
      {trial.scores !== null && best.length === 0 && <p>{t.tryAll}</p>}
      <ol class="recommended" aria-label={t.tryTitle} aria-live="polite">
        {best.map(([item, score]) => (
          <li key={item}>
            <strong>{data.items[item]}</strong> <span class="muted">{t.about(formatNumber(ratingOf(score), 1))}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
