import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Assignment, ControlOffer, RoundPurpose } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { assignmentOf, type Member } from './member.ts';

/** What an assignment says of its round. */
export interface RoundPicture {
  readonly number: number;
  readonly purpose: RoundPurpose;
  /** One fill of a buffer. */
  readonly isFill: boolean;
  readonly cohort: number;
  readonly base: Assignment['base'];
  readonly remainingMs: number;
  /** Of SCAFFOLD. */
  readonly controlOf: ((clientId: ClientId) => ControlOffer) | null;
}

/**
 * Sends the assignments to those members that are still awaited, and the weights (DESIGN §5.5): one broadcast to those
 * who do not hold them, or by hash over HTTP. Returns the bytes that the broadcast took.
 */
export async function deliver(
  { blobs, downlink }: Pick<CoordinatorPorts, 'blobs' | 'downlink'>,
  task: TaskSpec['id'],
  base: Assignment['base'],
  pictureOf: (member: Member) => RoundPicture,
  awaited: () => readonly Member[],
): Promise<number> {
  const { version, sha256, bytes } = base;
  const isBroadcast = bytes <= LIMITS.broadcastBytes;
  const isNeeded = isBroadcast && awaited().some(({ isHolder }) => !isHolder);
  const weights = isNeeded ? await blobs.get(sha256) : null;
  if (isNeeded && weights === null) throw new Error(`the weights ${sha256} are gone`);
  const receivers: ClientId[] = [];
  for (const member of awaited()) {
    const delivery = member.isHolder ? 'held' : isBroadcast ? 'broadcast' : 'http';
    if (delivery === 'broadcast') receivers.push(member.clientId);
    downlink.assign(task, member.clientId, assignmentOf(member, pictureOf(member), delivery));
  }
  if (weights === null || receivers.length === 0) return 0;
  return downlink.weights(task, receivers, version, sha256, weights) * weights.byteLength;
}
