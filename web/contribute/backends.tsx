import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { BACKENDS, type BackendChoice, type BackendFinding, type RequestedBackend } from '../client/ports.ts';
import { formatNumber } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { contributeWords } from './words/index.ts';

/** What trains on this device: what a test step showed of each backend, and the person's choice among them. */
export function Backends({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().backends;
  const name = useId();
  const trial = contribution.trial.value;
  const choice = contribution.view.value.backend ?? (trial.kind === 'open' ? trial.backend : null);
  const requested = contribution.requested.value;
  return (
    <details class="backends">
      <summary>{t.title}</summary>
      <fieldset>
        <legend class="muted small">{choice?.findings?.length ? t.tested : t.untested}</legend>
        {BACKENDS.map((backend) => (
          <label key={backend}>
            <input
              type="radio"
              name={name}
              checked={requested === backend}
              onChange={() => contribution.choose(backend)}
            />
            <span>{backend === 'auto' ? t.auto : contributeWords().train.backends[backend]}</span>
            <span class="muted small">{remarkOf(backend, choice)}</span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}

function remarkOf(backend: RequestedBackend, choice: BackendChoice | null): string {
  const t = contributeWords().backends;
  if (backend === 'auto') return t.autoWhat;
  const finding = choice?.findings?.find((one) => one.backend === backend);
  const found = finding === undefined ? [] : [foundOf(finding)];
  return [...found, ...(choice?.used === backend ? [t.used] : [])].join(' · ');
}

function foundOf(finding: BackendFinding): string {
  const t = contributeWords().backends;
  if (!finding.isRight) return t.faults[finding.fault];
  const { stepMs, isFloor } = finding;
  const time = formatNumber(stepMs, stepMs < 9.95 ? 1 : 0);
  return isFloor ? t.over(time) : t.aStep(time);
}
