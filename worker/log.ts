import { DefaultLogger, type LogLevel, type LogMetadata } from '@temporalio/worker';
import { AskAgain } from '../workflows/asking.ts';

function isAskedAgain(meta: LogMetadata | undefined): boolean {
  const error: unknown = meta?.['error'];
  return error instanceof Error && error.message.includes(AskAgain);
}

/** Temporal's own log lines. A question that is put again is no error, though the SDK calls it one, with a stack. */
export class WorkerLogger extends DefaultLogger {
  override log(level: LogLevel, message: string, meta?: LogMetadata): void {
    super.log(isAskedAgain(meta) ? 'DEBUG' : level, message, meta);
  }
}
