import { LIMITS } from '../../limits.ts';
import { type ImportCode, type ImportProblem, importProblem, shown } from './problem.ts';

/** An object out of untrusted JSON: its keys are asked for by `ownIn`, since `constructor` is one of every object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const ownIn = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/**
 * The settings of one layer, read key by key. What was not asked for is a problem in the end, unless it is null or false:
 * that is how Keras writes what is not used.
 */
export class Settings {
  readonly #read = new Set<string>();
  readonly #config: JsonObject;
  readonly #path: string;
  readonly #problems: ImportProblem[];

  constructor(config: JsonObject, path: string, problems: ImportProblem[]) {
    this.#config = config;
    this.#path = path;
    this.#problems = problems;
  }

  #tell(key: string, code: ImportCode, one = '', other = ''): void {
    this.#problems.push(importProblem(key === '' ? this.#path : `${this.#path}.${key}`, code, one, other));
  }

  /** undefined where there is none, null included. */
  get(key: string): unknown {
    this.#read.add(key);
    return ownIn(this.#config, key) ?? undefined;
  }

  /** These change nothing of what is learned or how. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  whole(key: string, limit: number, otherwise?: number): number {
    const value = this.get(key) ?? otherwise;
    if (isWhole(value, limit)) return value;
    this.#tell(key, 'whole', String(limit));
    return 1;
  }

  /** Keras writes one number for two equal ones. */
  pair(key: string, otherwise?: [number, number]): [number, number] {
    const value = this.get(key) ?? otherwise;
    const [one, other] = Array.isArray(value) && value.length === 2 ? value : [value, value];
    if (isWhole(one, LIMITS.windowSideCount) && isWhole(other, LIMITS.windowSideCount)) return [one, other];
    this.#tell(key, 'whole', String(LIMITS.windowSideCount));
    return [1, 1];
  }

  choice<Value extends string>(key: string, options: readonly Value[], otherwise: Value): Value {
    const value = this.get(key) ?? otherwise;
    const found = options.find((option) => option === value);
    if (found === undefined) this.#tell(key, 'choice', options.join(', '));
    return found ?? otherwise;
  }

  /** Absent, or one of these as JSON writes them; the first is named. */
  fixed(key: string, ...values: readonly unknown[]): void {
    const value = this.get(key);
    if (value === undefined || values.some((known) => isSame(value, known))) return;
    this.#tell(key, 'fixed', key, shown(values[0]));
  }

  real(key: string, least: number, most: number, otherwise: number): number {
    const value = this.get(key) ?? otherwise;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.#tell(key, 'real', String(least), String(most));
    return otherwise;
  }

  /** Of the features; Keras 2 puts the one it is into a list. */
  axis(key: string): -1 | 1 | 2 | 3 {
    const value = this.get(key) ?? -1;
    const only = Array.isArray(value) && value.length === 1 ? value[0] : value;
    const found = ([-1, 1, 2, 3] as const).find((axis) => axis === only);
    if (found === undefined) this.refuse(key, '-1');
    return found ?? -1;
  }

  /** Says that it must be this. */
  refuse(key: string, wanted: string): void {
    this.#tell(key, 'fixed', key, wanted);
  }

  /** Says what nobody asked for. */
  end(): void {
    for (const key of Object.keys(this.#config)) {
      const value = this.#config[key];
      if (!this.#read.has(key) && value !== null && value !== false) this.#tell('', 'unknown', shown(key));
    }
  }
}

const isWhole = (value: unknown, limit: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= limit;

/** Of plain values, and of lists of them. */
export const isSame = (value: unknown, known: unknown): boolean =>
  Array.isArray(value) && Array.isArray(known)
    ? value.length === known.length && value.every((one, index) => one === known[index])
    : value === known;
