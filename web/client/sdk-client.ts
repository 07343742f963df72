import type { RequestedBackend } from './ports.ts';
import type { ClientView, FederatedClient, PauseCause, RoundNote } from './view.ts';

/** What a program may listen to. */
export interface ClientEvents {
  /** The state, its reason or the round changed. */
  readonly state: ClientView;
  /** Anything changed: at most once a turn. */
  readonly view: ClientView;
  /** A part in a round began to be told of, or how it is told changed (accepted, then counted). */
  readonly round: RoundNote;
}

/** The engine under the verbs that the embed and the SDK share. */
export interface SdkClient {
  view(): ClientView;
  /** Joins. The caller answers for the consent of whoever's data and device this is. */
  start(): Promise<void>;
  pause(cause?: PauseCause): void;
  resume(cause?: PauseCause): void;
  /** Asks for another backend, at once: what is being trained is given back. */
  choose(backend: RequestedBackend): void;
  /** Leaves; resolves when nothing runs any more. */
  stop(): Promise<void>;
  /** Leaves; removes the secret here, and at the server what no version has used and the client's name in its rows. */
  forget(): Promise<{ readonly serverForgot: boolean }>;
  /** Tells that the page is about to be frozen: another tab may take over. */
  sleep(): void;
  /** Tells that the page was frozen and is back. */
  wake(): void;
  /** Tells that there are more or fewer examples. */
  examplesChanged(): void;
  /** Calls back on each event; returns what ends it. */
  on<Name extends keyof ClientEvents>(event: Name, listener: (value: ClientEvents[Name]) => void): () => void;
}

export function sdkClient(client: FederatedClient): SdkClient {
  return {
    view: () => client.view(),
    start: () => client.start(),
    pause: (cause) => client.pause(cause),
    resume: (cause) => client.resume(cause),
    choose: (backend) => client.choose(backend),
    stop: () => client.leave(),
    forget: () => client.forget(),
    sleep: () => client.sleep(),
    wake: () => client.wake(),
    examplesChanged: () => client.examplesChanged(),
    on(event, listener) {
      let before = client.view();
      return client.subscribe((view) => {
        for (const value of changes(event, before, view)) listener(value as ClientEvents[typeof event]);
        before = view;
      });
    },
  };
}

function changes(event: keyof ClientEvents, before: ClientView, now: ClientView): readonly (ClientView | RoundNote)[] {
  if (event === 'view') return [now];
  if (event === 'round') return now.notes.filter((note) => !before.notes.includes(note));
  const isSame = before.state === now.state && before.reason === now.reason && before.round === now.round;
  return isSame ? [] : [now];
}
