import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import type { Spool, SpoolWriter } from '../../storage/blobs/port.ts';

interface Kept {
  bytes: Uint8Array;
  state: 'partial' | 'paused' | 'finished' | 'discarded';
}

/** A spool in memory, whose disk can be full, slow or broken. */
export class MemorySpool implements Pick<Spool, 'open'> {
  readonly files = new Map<UpdateId, Kept>();
  failWith: Error | undefined;
  failOpenWith: Error | undefined;
  /** Awaited before each write. */
  gate: Promise<void> = Promise.resolve();
  writesCount = 0;

  async open(_task: TaskId, _round: number, updateId: UpdateId, totalBytes: number): Promise<SpoolWriter> {
    if (this.failOpenWith !== undefined) throw this.failOpenWith;
    const file: Kept = { bytes: new Uint8Array(0), state: 'partial' };
    this.files.set(updateId, file);
    return {
      path: `memory:${updateId}`,
      write: async (offset, bytes) => {
        this.writesCount += 1;
        await this.gate;
        if (this.failWith !== undefined) throw this.failWith;
        if (file.state !== 'partial') throw new Error(`the file is ${file.state}`);
        if (file.bytes.length === 0) file.bytes = new Uint8Array(totalBytes);
        file.bytes.set(bytes, offset);
      },
      finish: async () => {
        file.state = 'finished';
      },
      pause: async () => {
        file.state = 'paused';
      },
      discard: async () => {
        file.state = 'discarded';
      },
    };
  }
}

export const diskFull = (): Error => Object.assign(new Error('no space left on device'), { name: 'StorageFullError' });
