import type { ClientSocket } from './sessions.ts';

/**
 * Bytes on their way to this socket that its kernel has not taken yet: in Engine.IO's buffer and in that of `ws`.
 * Neither is public; where they are absent the answer is 0.
 */
export function backlogBytes(socket: Pick<ClientSocket, 'conn'>): number {
  const connection = socket.conn as unknown as {
    readonly writeBuffer?: readonly { readonly data?: unknown }[];
    readonly transport?: { readonly socket?: { readonly bufferedAmount?: number } };
  };
  let bytes = connection.transport?.socket?.bufferedAmount ?? 0;
  for (const { data } of connection.writeBuffer ?? [])
    bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
  return bytes;
}
