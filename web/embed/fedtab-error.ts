/** Why a verb was refused. */
export type FedtabReason = 'consent-required' | 'no-element' | 'no-task' | 'unsupported' | 'server-away';

export class FedtabError extends Error {
  override readonly name = 'FedtabError';
  readonly reason: FedtabReason;
  constructor(reason: FedtabReason, why: string) {
    super(`${reason}: ${why}`);
    this.reason = reason;
  }
}
