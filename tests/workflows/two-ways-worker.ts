import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { workflowSources } from '../../worker/bundle.ts';
import { logFrom } from '../../worker/worker.ts';

/** A worker to be killed. `node two-ways-worker.ts ADDRESS QUEUE`; says when it is up. */
const [address = '', taskQueue = ''] = process.argv.slice(2);
logFrom('ERROR');
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('two-ways.ts', import.meta.url)),
  interceptors: { workflowModules: workflowSources().workflowInterceptorModules },
  stickyQueueScheduleToStartTimeout: 2_000,
});
process.send?.('up');
await worker.run();
