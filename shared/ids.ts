/**
 * Branded identifiers. A brand costs nothing at run time and stops one id from standing in for another.
 * Every id that comes from outside passes its parser here before anything else looks at it.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Names a task: `^[a-z0-9-]{1,40}$`. */
export type TaskId = Branded<string, 'TaskId'>;
/** Stable per browser profile and task: 32 hex digits, see `clientIdOf` in `protocol/identity.ts`. */
export type ClientId = Branded<string, 'ClientId'>;
/** Public name of one assignment's report: 32 hex digits; anyone who knows it may ask what became of it. */
export type UpdateId = Branded<string, 'UpdateId'>;
/** Secret that proves an assignment: 32 hex digits. */
export type AssignmentToken = Branded<string, 'AssignmentToken'>;
/** SHA-256 as 64 lower-case hex digits. */
export type Sha256 = Branded<string, 'Sha256'>;

const TASK_ID = /^[a-z0-9-]{1,40}$/;
const HEX_32 = /^[0-9a-f]{32}$/;
const HEX_64 = /^[0-9a-f]{64}$/;

export const isTaskId = (value: unknown): value is TaskId => typeof value === 'string' && TASK_ID.test(value);
export const isClientId = (value: unknown): value is ClientId => typeof value === 'string' && HEX_32.test(value);
export const isUpdateId = (value: unknown): value is UpdateId => typeof value === 'string' && HEX_32.test(value);
export const isAssignmentToken = (value: unknown): value is AssignmentToken =>
  typeof value === 'string' && HEX_32.test(value);
export const isSha256 = (value: unknown): value is Sha256 => typeof value === 'string' && HEX_64.test(value);
