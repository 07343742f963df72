export { type Courteous, type CourtesyKeeper, type CourtesyOptions, courtesyKeeper } from './keeper.ts';
