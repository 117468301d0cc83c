import { expect, test } from 'vitest';
import { WorkerLogger } from '../../worker/log.ts';
import { AskAgain } from '../../workflows/asking.ts';

test('a question that is put again is no error in the log, and other failures are', () => {
  const lines: unknown[] = [];
  const logger = new WorkerLogger('INFO', ({ level, meta }) => lines.push([level, String(meta?.['error'])]));
  const message = 'Failed to process Workflow Activation';
  logger.error(message, { error: new Error(AskAgain) });
  logger.error(message, { error: new Error('something else') });
  expect(lines).toEqual([['ERROR', 'Error: something else']]);
});
