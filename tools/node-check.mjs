// Runs on whichever Node npm found, so it is plain JavaScript of some years ago. npm puts node_modules/.bin before the
// rest of the PATH: another Node than the pinned one means that the dependencies are not (completely) installed.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const pinned = manifest.devDependencies.node;

if (process.versions.node !== pinned) {
  console.error(
    `Landfall is developed with Node ${pinned}, which belongs to its dependencies, but this is Node ` +
      `${process.versions.node} (${process.execPath}): run \`npm ci\` with install scripts allowed, then try again.`,
  );
  process.exit(1);
}
