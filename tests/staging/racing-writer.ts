// One of several processes that put the same objects at the same time; started by folder-store.test.ts.
import { folderStore } from '../../staging/folder-store.ts';

const [folder = '', name = ''] = process.argv.slice(2);
const store = folderStore(folder);
const outcomes: string[] = [];
for (let object = 0; object < 20; object += 1) {
  outcomes.push(await store.put(`race/${object}`, Buffer.from(`writer ${name}`.repeat(1000))));
}
process.send?.(outcomes);
process.disconnect?.();
