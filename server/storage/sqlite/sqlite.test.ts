import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe } from 'vitest';
import { storageContract } from '../contract.ts';
import { openSqlite } from './sqlite.ts';

let folders: string[] = [];
const freshFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-sqlite-'));
  folders.push(folder);
  return join(folder, 'fedtab.db');
};
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
  folders = [];
});

describe('sqlite storage', () => storageContract(() => openSqlite(freshFile())));
