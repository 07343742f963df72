export { createFederatedClient, type FederatedClientOptions } from './client.ts';
export * from './courtesy.ts';
export { HeldWeights } from './held-weights.ts';
export * from './ports.ts';
export { exponentialReconnect, type ReconnectPolicy } from './reconnect-policy.ts';
export { socketTransport } from './socket-transport.ts';
export type { Session, SessionInbox, SessionTarget, Transport } from './transport.ts';
export * from './view.ts';
