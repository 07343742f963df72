import { bytesToHex } from '../../shared/hash.ts';
import type { TaskId } from '../../shared/ids.ts';
import { type Handshake, PROTOCOL } from '../../shared/protocol/index.ts';
import type { SecureRng } from '../../shared/rng.ts';
import type { SecretStore } from './ports.ts';

const SECRET_BYTES = 16;
const SECRET = /^[0-9a-f]{32}$/;

/** The client's secret of this task: the stored one, else a new one, stored before it is used (C2, C15). */
export async function secretOf(task: TaskId, secrets: SecretStore, random: SecureRng): Promise<string> {
  const stored = await secrets.load(task);
  if (stored !== null && SECRET.test(stored)) return stored;
  const made = bytesToHex(random.bytes(SECRET_BYTES));
  await secrets.save(task, made);
  return made;
}

export const handshakeOf = (
  secret: string,
  joinToken: string | undefined,
  software: string,
  connection: Handshake['connection'],
): Handshake => ({
  protocol: PROTOCOL,
  secret,
  software,
  connection,
  ...(joinToken === undefined ? {} : { joinToken }),
});
