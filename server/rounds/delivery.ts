import type { ClientId, Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Assignment, ControlOffer, ModelStep, RoundPurpose } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { assignmentOf, type Delivery, type Member } from './member.ts';

/** What an assignment says of its round. */
export interface RoundPicture {
  readonly number: number;
  readonly purpose: RoundPurpose;
  /** One fill of a buffer. */
  readonly isFill: boolean;
  readonly cohort: number;
  readonly base: Assignment['base'];
  /** The steps from these weights to the base. */
  readonly stepsFrom: (held: Sha256 | null) => readonly ModelStep[];
  readonly remainingMs: number;
  /** Of SCAFFOLD. */
  readonly controlOf: ((clientId: ClientId) => ControlOffer) | null;
}

/**
 * Sends the assignments to those members that are still awaited, and the weights (DESIGN §5.5): one broadcast to those
 * who do not hold them, or by hash over HTTP; steps to those who hold weights from which they lead here. Returns the bytes
 * that the broadcast took.
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
  const wayOf = (member: Member): Delivery => {
    if (member.held === sha256) return { delivery: 'held' };
    const steps = pictureOf(member).stepsFrom(member.held);
    return steps.length > 0 || !isBroadcast ? { delivery: 'http', steps } : { delivery: 'broadcast' };
  };
  const isNeeded = awaited().some((member) => wayOf(member).delivery === 'broadcast');
  const weights = isNeeded ? await blobs.get(sha256) : null;
  if (isNeeded && weights === null) throw new Error(`the weights ${sha256} are gone`);
  const receivers: ClientId[] = [];
  for (const member of awaited()) {
    const way = wayOf(member);
    if (way.delivery === 'broadcast') receivers.push(member.clientId);
    downlink.assign(task, member.clientId, assignmentOf(member, pictureOf(member), way));
  }
  if (weights === null || receivers.length === 0) return 0;
  return downlink.weights(task, receivers, version, sha256, weights) * weights.byteLength;
}
