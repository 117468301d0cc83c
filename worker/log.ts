import { DefaultLogger, type LogLevel, type LogMetadata } from '@temporalio/worker';
import { AskAgain } from '../workflows/asking.ts';

/** Queues of one system have steps and no workflows, and Temporal warns of each. */
const Expected = /^No workflows registered/;

/** A question that is put again is no error, though the SDK calls it one, with a stack. */
function isAskedAgain(meta: LogMetadata | undefined): boolean {
  const error: unknown = meta?.['error'];
  return error instanceof Error && error.message.includes(AskAgain);
}

/** Temporal's own log lines, without alarms over what is as it should be. */
export class WorkerLogger extends DefaultLogger {
  override log(level: LogLevel, message: string, meta?: LogMetadata): void {
    super.log(Expected.test(message) || isAskedAgain(meta) ? 'DEBUG' : level, message, meta);
  }
}
