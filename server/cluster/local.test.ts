import { describe } from 'vitest';
import { memoryStorage } from '../storage/memory/memory.ts';
import { leaseContract } from './contract.ts';
import { localLeases } from './local.ts';

describe('leases of one process', () =>
  leaseContract(async () => {
    const storage = memoryStorage();
    return { leases: localLeases(storage.tasks), storage };
  }));
