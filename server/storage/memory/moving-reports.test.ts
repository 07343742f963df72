import { movingContract } from '../blobs/moving-contract.ts';
import { MemoryMovingReports } from './moving-reports.ts';

movingContract(async () => new MemoryMovingReports());
