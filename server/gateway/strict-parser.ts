import { Decoder, Encoder } from 'socket.io-parser';
import { LIMITS } from '../../shared/limits.ts';

/**
 * Socket.IO's own parser with tighter limits: one attachment a packet (announced attachments that never come pin
 * memory) and short JSON (what a client says fits into 16 KiB; only an attachment is larger). What breaks a limit
 * closes the connection.
 */
class StrictDecoder extends Decoder {
  constructor() {
    super({ maxAttachments: 1 });
  }

  override add(chunk: unknown): void {
    if (typeof chunk === 'string' && chunk.length > LIMITS.controlMessageBytes)
      throw new RangeError('message too long');
    super.add(chunk);
  }
}

export const strictParser = { Encoder, Decoder: StrictDecoder };
