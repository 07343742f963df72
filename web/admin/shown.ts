import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { Dashboard, TaskPicture } from './dashboard.ts';
import type { History } from './history.ts';

const absent = (): never => {
  throw new Error('shown outside of its provider');
};

export const DashboardContext = createContext<Dashboard | null>(null);
export const useDashboard = (): Dashboard => useContext(DashboardContext) ?? absent();

/** The task that a page is about. */
export interface ShownTask {
  readonly picture: TaskPicture;
  readonly spec: TaskSpec;
  readonly createdAt: string;
  readonly history: History;
}
