export * from './events.ts';
export * from './identity.ts';
export * from './messages.ts';
export * from './version.ts';
