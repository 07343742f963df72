import { SOUND_RATE } from '../../../shared/audio/frames.ts';
import type { Sound } from '../../../shared/audio/wav.ts';
import { type DeviceFailure, failureOf } from './device-failure.ts';
import listenerUrl from './microphone-worklet.ts?worker&url';

/** A microphone that is on. Nothing is kept of what it hears but the last moments, for the picture of it. */
export interface Microphone {
  /** The last moments, at most so long. */
  recent(milliseconds: number): Sound;
  /** What is heard from now on, for so long; null where it was closed before. */
  listen(milliseconds: number): Promise<Sound | null>;
  /** The browser's sign goes off. */
  close(): void;
}

/** As long as what is shown, or listened to, may be. */
const KEPT_SECONDS = 6;

/** Asks for a microphone. `onEnded`: it was unplugged, or taken away in the settings. */
export async function openMicrophone(
  onEnded: () => void,
): Promise<
  { readonly ok: true; readonly microphone: Microphone } | { readonly ok: false; readonly reason: DeviceFailure }
> {
  // Absent on plain http, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return { ok: false, reason: isSecureContext ? 'missing' : 'insecure' };
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({ audio: { channelCount: 1 }, video: false });
  } catch (error) {
    return { ok: false, reason: failureOf(error) };
  }
  for (const track of stream.getTracks()) track.addEventListener('ended', onEnded);
  try {
    return { ok: true, microphone: await microphoneOf(stream) };
  } catch {
    for (const track of stream.getTracks()) track.stop();
    return { ok: false, reason: 'failed' };
  }
}

async function microphoneOf(stream: MediaStream): Promise<Microphone> {
  const { context, source } = sourceOf(stream);
  await context.audioWorklet.addModule(listenerUrl);
  const listener = new AudioWorkletNode(context, 'fedtab-listener');
  const kept = new Float32Array(KEPT_SECONDS * context.sampleRate);
  /** Samples heard since it was opened. */
  let heard = 0;
  const waiting = new Set<() => void>();

  listener.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    for (const value of data) kept[heard++ % kept.length] = value;
    for (const look of waiting) look();
  };
  source.connect(listener);
  // What leads nowhere is not played, and may not run: the listener itself says nothing.
  listener.connect(context.destination);
  await context.resume();

  const samplesIn = (milliseconds: number): number =>
    Math.min(kept.length, Math.round((milliseconds * context.sampleRate) / 1_000));
  const last = (count: number): Sound => ({
    rate: context.sampleRate,
    samples: Float32Array.from({ length: count }, (_, at) => kept[(heard - count + at) % kept.length] as number),
  });
  let isClosed = false;

  return {
    recent: (milliseconds) => last(Math.min(heard, samplesIn(milliseconds))),
    listen: (milliseconds) =>
      new Promise((resolve) => {
        const count = samplesIn(milliseconds);
        const end = heard + count;
        const look = (): void => {
          if (!isClosed && heard < end) return;
          waiting.delete(look);
          resolve(isClosed ? null : last(count));
        };
        waiting.add(look);
        if (isClosed) look();
      }),
    close() {
      isClosed = true;
      for (const track of stream.getTracks()) track.stop();
      for (const look of waiting) look();
      void context.close();
    },
  };
}

/** At the rate that features are made of, where the browser can give it (Firefox cannot). */
function sourceOf(stream: MediaStream): { context: AudioContext; source: MediaStreamAudioSourceNode } {
  const asked = new AudioContext({ sampleRate: SOUND_RATE });
  try {
    return { context: asked, source: asked.createMediaStreamSource(stream) };
  } catch {
    void asked.close();
    const context = new AudioContext();
    return { context, source: context.createMediaStreamSource(stream) };
  }
}
