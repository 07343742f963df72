import type { TaskSpec } from '../../shared/task/spec.ts';
import { sameSecret } from './secrets.ts';

/** May someone with this token (or none) take part? Everybody may where the task has no join token. */
export const mayJoin = (spec: Pick<TaskSpec, 'access'>, joinToken: string | undefined): boolean =>
  spec.access.joinToken === undefined || (joinToken !== undefined && sameSecret(joinToken, spec.access.joinToken));
