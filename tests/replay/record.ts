import { writeFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/**
 * Writes the histories of a run and of its entities' steps beside this file, from released code:
 * `node tests/replay/record.ts ADDRESS RUN`. What is recorded here must replay for as long as such runs may be open.
 */
const [address = '127.0.0.1:7233', run = ''] = process.argv.slice(2);
const connection = await Connection.connect({ address });
const client = new Client({ connection });
const found = client.workflow.list({ query: `LandfallRun = '${run}'` });
for await (const { workflowId } of found) {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const name = workflowId === run ? 'migration' : workflowId.slice(run.length + 1).replaceAll('/', '-');
  const file = new URL(`histories/${name}.json`, import.meta.url);
  // Which machine it was is nobody's business.
  const text = historyToJSON(history).replaceAll(/"identity":\s*"[^"]*"/g, '"identity":"worker"');
  await writeFile(file, `${text}\n`);
  process.stdout.write(`${name}: ${history.events?.length ?? 0} events\n`);
}
await connection.close();
