import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON lines on standard error: standard output holds only what the operator is told at start. No line has a URL's
 * query, a credential, or bytes of a report.
 */
export const createLogger = (level: string, stream: DestinationStream = destination(2)): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['*.joinToken', '*.access.joinToken', '*.authorization', '*.cookie'], censor: '…' },
    },
    stream,
  );
