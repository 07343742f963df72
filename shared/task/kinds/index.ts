import * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import { audio } from './audio.ts';
import { characters } from './characters.ts';
import type { ExampleForm } from './form.ts';
import { image } from './image.ts';
import type { DataKind } from './kind.ts';
import { ratings } from './ratings.ts';
import { table } from './table.ts';
import { text } from './text.ts';

/** The kinds of data that people bring: one file each, one line here. */
export const KINDS = { image, table, text, characters, audio, ratings } as const;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];

export type TaskData = v.InferOutput<(typeof KINDS)[KindName]['schema']>;
export type DataOf<Kind extends KindName> = Extract<TaskData, { kind: Kind }>;

/** `data` of a task: of one of the kinds, whole. */
export const dataSchema = v.variant(
  'kind',
  Object.values(KINDS).map(({ schema }) => schema),
);

const kindOf = (data: TaskData): DataKind<TaskData> => KINDS[data.kind] as unknown as DataKind<TaskData>;

export const formOf = (data: TaskData): ExampleForm => kindOf(data).form(data);
export const dataProblems = (data: TaskData): readonly Problem[] => kindOf(data).problems(data);

export const predictsNumber = (data: TaskData): boolean => formOf(data).target.type === 'number';

/** The names of the classes; none where the task is to predict a number. */
export const labelsOf = (data: TaskData): readonly string[] => kindOf(data).labels(data);
