import type { JSX } from 'preact';
import { COURTESY } from '../../shared/task/spec.ts';
import { CheckField, formatBytes, formatDuration, formatShare, NumberField, SelectField } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { contributeWords } from './words/index.ts';

const BATTERY_LIMITS = [0, 0.2, 0.5, 1];
const SHARES = [0.1, 0.25, 0.5, 1];

/** When this task may train on this device and how hard, what it may take a day, and what it has taken today. */
export function When({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().when;
  const { choices, used } = contribution.courtesy.value;
  const policy = contribution.task.participation?.courtesy ?? COURTESY;
  const { minimumBattery, meteredData, hidden, share } = { ...policy, ...choices };

  const shares = (values: readonly number[], asked: number, nameOf: (value: number) => string) =>
    [...new Set([...values, asked])]
      .sort((a, b) => a - b)
      .map((value) => ({ value: String(value), name: value === asked ? t.asked(nameOf(value)) : nameOf(value) }));
  const whole = (value: number): string => formatShare(value, 0);
  const batteryName = (limit: number): string =>
    limit === 0 ? t.batteryOptions.always : limit === 1 ? t.batteryOptions.never : t.batteryOptions.above(whole(limit));
  const shareName = (value: number): string => (value === 1 ? t.shareOptions.all : t.shareOptions.part(whole(value)));
  /** What the task asks for anyway is no choice of one's own: it follows the task. */
  const unless = <Value,>(asked: Value, value: Value): Value | undefined => (value === asked ? undefined : value);

  return (
    <details class="when">
      <summary>{t.title}</summary>
      <p class="muted small">
        {t.today(formatDuration(used.trainingMs), formatBytes(used.bytes))} {t.lead}
      </p>
      <div class="fields">
        <SelectField
          label={t.battery}
          value={String(minimumBattery)}
          options={shares(BATTERY_LIMITS, policy.minimumBattery, batteryName)}
          onChange={(value) =>
            contribution.chooseWhen({ minimumBattery: unless(policy.minimumBattery, Number(value)) })
          }
        />
        <SelectField
          label={t.share}
          value={String(share)}
          options={shares(SHARES, policy.share, shareName)}
          onChange={(value) => contribution.chooseWhen({ share: unless(policy.share, Number(value)) })}
        />
        <NumberField
          label={t.minutes}
          unit={t.minutesUnit}
          placeholder={t.noLimit}
          minimum={0}
          step={1}
          value={choices.minutesADay ?? null}
          onChange={(minutes) => contribution.chooseWhen({ minutesADay: capOf(minutes) })}
        />
        <NumberField
          label={t.megabytes}
          unit={t.megabytesUnit}
          placeholder={t.noLimit}
          minimum={0}
          step={1}
          value={choices.megabytesADay ?? null}
          onChange={(megabytes) => contribution.chooseWhen({ megabytesADay: capOf(megabytes) })}
        />
      </div>
      <CheckField
        label={t.metered}
        isChecked={meteredData === 'use'}
        onChange={(use) => contribution.chooseWhen({ meteredData: unless(policy.meteredData, use ? 'use' : 'pause') })}
      />
      <CheckField
        label={t.hidden}
        isChecked={hidden === 'train'}
        onChange={(train) => contribution.chooseWhen({ hidden: unless(policy.hidden, train ? 'train' : 'pause') })}
      />
      <p class="muted small">
        {t.shareHelp} {t.cap} {tellsOfDevice() ? '' : t.unknown}
      </p>
    </details>
  );
}

const capOf = (amount: number | null): number | undefined => (amount === null || amount < 0 ? undefined : amount);
const tellsOfDevice = (): boolean => 'getBattery' in navigator && 'connection' in navigator;
