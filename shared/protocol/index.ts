export * from './admin-events.ts';
export * from './events.ts';
export * from './identity.ts';
export * from './messages.ts';
export * from './version.ts';
