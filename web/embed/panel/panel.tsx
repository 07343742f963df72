import { effect, type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { PublicTask } from '../../../shared/protocol/public-task.ts';
import type { ClientView } from '../../client/view.ts';
import { youOf } from '../../client/you.ts';
import { Announcer } from '../../ui/announcer.tsx';
import { formatBytes, formatNumber, language, reasonSentence, stateSentence } from '../../ui/i18n/index.ts';
import { mount } from '../../ui/mount.ts';
import ringCss from '../../ui/ring/ring.css?inline';
import { Ring } from '../../ui/ring/ring.tsx';
import type { Client, ExamplesAnswer, SamplesAnswer } from '../browser-client.ts';
import type { Panel, PanelOptions } from '../panel-port.ts';
import { askErase, erased } from './erase.ts';
import panelCss from './panel.css?inline';
import { panelWords } from './words/index.ts';

/** Of a running task: the tiny ring, a sentence, the bytes, the buttons. */
export const panel: Panel = {
  css: ringCss + panelCss,
  askErase,
  erased,
  mount(into, options) {
    const { client } = options;
    // One page, one language: the last panel's.
    language.value = options.language;
    const view = signal(client.view());
    const task = signal<PublicTask | null>(null);
    const said = signal<string | null>(null);
    const stops = [
      client.on('view', (next) => {
        view.value = next;
      }),
    ];
    // Asked for by now by the engine itself; where it failed, the state says so.
    const end = effect(() => {
      if (view.value.state !== 'error' && task.peek() === null)
        client
          .task()
          .then((facts) => (task.value = facts))
          .catch(() => {});
    });
    mount(<Running {...{ options, view, task, said }} />, into);
    return () => {
      for (const stop of [...stops, end]) stop();
      mount(null, into);
    };
  },
};

interface RunningProps {
  readonly options: PanelOptions;
  readonly view: Signal<ClientView>;
  readonly task: Signal<PublicTask | null>;
  /** What came of the last press, until the state changes. */
  readonly said: Signal<string | null>;
}

function Running({ options, view: shown, task: facts, said }: RunningProps): JSX.Element {
  const t = panelWords();
  const view = shown.value;
  const task = facts.value;
  const { first, more } = sentences(view, task, options.client);
  const version = view.status?.version ?? task?.version ?? null;
  const score = view.status?.metrics ?? null;
  const small = said.value === null ? more : [said.value, ...more];
  return (
    <section class="panel" aria-label={t.name}>
      <Ring size="tiny" round={view.status?.round ?? null} version={version} score={score} you={youOf(view)} />
      <div class="say">
        <p>{first}</p>
        {small.map((sentence) => (
          <p class="small" key={sentence}>
            {sentence}
          </p>
        ))}
      </div>
      <Choices options={options} view={view} task={task} said={said} />
      <p class="facts">
        <Facts view={view} />
        <button type="button" class="quiet danger" onClick={options.onErase}>
          {t.erase}
        </button>
      </p>
      <Announcer text={[first, ...small].join(' ')} />
    </section>
  );
}

function sentences(view: ClientView, task: PublicTask | null, client: Client) {
  const t = panelWords();
  const bytes = task === null ? null : view.state === 'uploading' ? task.reportBytes : task.bytes;
  const own: Readonly<Record<string, string>> = t.reasons;
  const explains =
    view.reason !== null && view.reason !== 'too-few' && view.reason !== 'stopped' && view.reason !== view.state;
  const sentence = reasonSentence(view.reason) ?? own[view.reason ?? ''] ?? view.detail;
  // A site may have forbidden what the trainer needs: its own words say more than that the backend failed.
  const because = !explains ? null : view.reason === 'backend' ? (view.detail ?? sentence) : sentence;
  const more = [
    because,
    view.state === 'training' && !view.connected ? t.offline : null,
    client.kept() === 'memory' ? t.inMemory : null,
    view.backend?.reason ?? null,
  ];
  return { first: stateSentence(view, bytes), more: more.filter((sentence) => sentence !== null) };
}

function Choices(props: {
  options: PanelOptions;
  view: ClientView;
  task: PublicTask | null;
  said: RunningProps['said'];
}) {
  const t = panelWords();
  const { options, view, task, said } = props;
  const { client } = options;
  const hasSamples = task?.participation?.data.sample !== undefined;
  const isDamaged = view.state === 'error' && view.reason === 'dataset-damaged';
  const isPaused = view.state.startsWith('paused');
  const isStopped = view.state === 'error' || view.state === 'unsupported';
  const needsReload = ['upgrade-required', 'layout', 'bad-message'].includes(view.reason ?? '');
  const change = async (work: () => Promise<ExamplesAnswer | SamplesAnswer>): Promise<void> => {
    said.value = null;
    const answer = await work().catch(() => null);
    if (answer === null) said.value = t.reasons['server-away'];
    else if (!answer.ok) said.value = answer.reason === 'no-samples' ? t.noSamples : t.notStored;
    else if ('reused' in answer && answer.reused > 0) said.value = t.samplesUsedUp;
  };
  return (
    <div class="choices">
      {view.state === 'needs-data' && hasSamples && (
        <button type="button" onClick={() => change(() => client.addSamples())}>
          {t.samples}
        </button>
      )}
      {isDamaged && (
        <button type="button" onClick={() => change(() => client.repairExamples())}>
          {t.repair}
        </button>
      )}
      {isStopped && needsReload && (
        <button type="button" onClick={() => location.reload()}>
          {t.reload}
        </button>
      )}
      {(isPaused || (isStopped && !isDamaged)) && (
        <button type="button" onClick={options.onResume}>
          {isPaused ? t.resume : t.again}
        </button>
      )}
      {!isPaused && !isStopped && (
        <button type="button" onClick={options.onPause}>
          {t.pause}
        </button>
      )}
      <button type="button" class="quiet" onClick={options.onLeave}>
        {t.leave}
      </button>
    </div>
  );
}

function Facts({ view }: { view: ClientView }): JSX.Element {
  const t = panelWords();
  const facts = [
    t.sent(formatBytes(view.sentBytes)),
    t.received(formatBytes(view.receivedBytes)),
    ...(view.counted > 0 ? [t.counted(formatNumber(view.counted))] : []),
  ];
  return <span>{facts.join(' · ')}</span>;
}
