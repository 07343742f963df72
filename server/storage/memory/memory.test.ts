import { describe } from 'vitest';
import { storageContract } from '../contract.ts';
import { memoryStorage } from './memory.ts';

describe('memory storage', () => storageContract(async () => memoryStorage()));
