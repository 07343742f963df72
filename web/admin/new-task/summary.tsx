import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import * as v from 'valibot';
import { CODEC_NAMES, type CodecName } from '../../../shared/codec/names.ts';
import type { ModelTopology } from '../../../shared/model/topology.ts';
import { topologySchema } from '../../../shared/model/topology.ts';
import { type ZooName, zooTopology } from '../../../shared/model/zoo.ts';
import { formatBytes, formatDuration, formatNumber, MISSING } from '../../ui/index.ts';
import { adminWords } from '../words/index.ts';
import { type Draft, specOf, valueAt } from './draft.ts';
import { ASSUMED, type Coding, estimate, type Plan } from './estimate.ts';

/** What the fields amount to, while they are being written. */
export function Summary({ draft }: { readonly draft: Draft }): JSX.Element {
  const t = adminWords().newTask;
  const spec = specOf(draft);
  const model = JSON.stringify(valueAt(spec, 'model'));
  const topology = useMemo(() => topologyIn(JSON.parse(model)), [model]);
  const figures = topology && estimate(topology, planOf(spec), codingOf(spec));
  const goal = Number(valueAt(spec, 'rounds.goal') ?? Number.NaN);
  const overSelection = Number(valueAt(spec, 'rounds.overSelection') ?? Number.NaN);
  const cohort = Math.ceil(goal * overSelection);
  const facts: [string, string][] = [
    [t.parameters, formatNumber(figures?.parameters ?? null)],
    [t.down, formatBytes(figures?.downBytes ?? null)],
    [t.up, formatBytes(figures?.upBytes ?? null)],
    [t.server, figures ? formatBytes(cohort * (figures.downBytes + figures.upBytes)) : MISSING],
    [t.seconds, figures ? formatDuration(figures.seconds * 1000) : MISSING],
  ];
  return (
    <>
      <h2>{t.summary}</h2>
      <dl class="summary-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="muted small">{figures ? t.secondsNote(formatNumber(ASSUMED.examples)) : t.unknown}</p>
      {valueAt(spec, 'privacy.mode') === 'none' && (
        <p class="muted small">{valueAt(spec, 'rounds.minimum') === 1 ? t.alone : t.plain}</p>
      )}
    </>
  );
}

function topologyIn(model: unknown): ModelTopology | null {
  const zoo = valueAt(model, 'zoo');
  if (typeof zoo === 'string') return zooTopology(zoo as ZooName);
  const parsed = v.safeParse(topologySchema, valueAt(model, 'topology'));
  return parsed.success ? parsed.output : null;
}

function codingOf(spec: unknown): Coding {
  const up = valueAt(spec, 'codec.up');
  const share = (path: string): number => {
    const value = valueAt(spec, path);
    return typeof value === 'number' && value > 0 && value <= 1 ? value : 1;
  };
  const isCodec = (CODEC_NAMES as readonly unknown[]).includes(up);
  return {
    up: isCodec ? (up as CodecName) : 'float32',
    range: share('codec.range'),
    fraction: share('codec.fraction'),
  };
}

/** Numbers that are missing count as one: the field says what is wrong. */
function planOf(spec: unknown): Plan {
  const count = (path: string): number | undefined => {
    const value = valueAt(spec, path);
    return value === undefined ? undefined : typeof value === 'number' && value >= 1 ? value : 1;
  };
  const work = valueAt(spec, 'client.work');
  const local = valueAt(spec, 'client.local');
  return {
    work: work === 'full-batch' || work === 'scaffold' ? work : 'sgd',
    epochs: count('client.epochs'),
    maxSteps: count('client.maxSteps'),
    maxSeconds: count('client.maxSeconds'),
    batchSize: count('client.batchSize') ?? 1,
    local: Array.isArray(local) ? local.filter((name) => typeof name === 'string') : undefined,
  };
}
