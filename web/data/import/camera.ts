import { type DeviceFailure, failureOf } from './device-failure.ts';
import type { Picture } from './picture.ts';

/** A camera that is on. Pictures are taken one by one, when asked; nothing is recorded in between. */
export interface Camera {
  /** Shows what the camera sees; resolves with the first frame. */
  show(video: HTMLVideoElement): Promise<void>;
  /** What the video shows now; null before its first frame. */
  take(video: HTMLVideoElement): Picture | null;
  /** The camera's light goes off. */
  close(): void;
}

/** A larger frame is shrunk before its pixels are looked at. */
const LONGEST_SIDE = 640;

/** Asks for the camera at the back, where there are two. `onEnded`: it was unplugged, or taken away in the settings. */
export async function openCamera(
  onEnded: () => void,
): Promise<{ readonly ok: true; readonly camera: Camera } | { readonly ok: false; readonly reason: DeviceFailure }> {
  // Absent on plain http, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return { ok: false, reason: isSecureContext ? 'missing' : 'insecure' };
  let stream: MediaStream;
  try {
    const video = { facingMode: 'environment', width: { ideal: LONGEST_SIDE }, height: { ideal: LONGEST_SIDE } };
    stream = await devices.getUserMedia({ video, audio: false });
  } catch (error) {
    return { ok: false, reason: failureOf(error) };
  }
  for (const track of stream.getTracks()) track.addEventListener('ended', onEnded);
  return { ok: true, camera: cameraOf(stream) };
}

function cameraOf(stream: MediaStream): Camera {
  return {
    async show(video) {
      video.srcObject = stream;
      await video.play();
    },
    take(video) {
      const { videoWidth, videoHeight } = video;
      if (videoWidth === 0 || videoHeight === 0) return null;
      const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
      const width = Math.max(1, Math.round(videoWidth * scale));
      const height = Math.max(1, Math.round(videoHeight * scale));
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      if (context === null) return null;
      context.drawImage(video, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    },
    close() {
      for (const track of stream.getTracks()) track.stop();
    },
  };
}
