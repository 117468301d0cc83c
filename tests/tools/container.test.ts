import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { searchAttributes } from '../../workflows/search-attributes.ts';

const root = join(import.meta.dirname, '..', '..');
const image = readFileSync(join(root, 'Dockerfile'), 'utf8');
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

it('registers in docker-compose.yml the search attributes that workflows set', () => {
  const pairs = [...compose.matchAll(/--name=(\w+)\n\s+- --type=(\w+)/g)].map(([, name, type]) => [name, type]);
  expect(Object.fromEntries(pairs)).toEqual(searchAttributes);
});

it('fetches DuckDB’s extensions into the image by what the package exports', async () => {
  const [, name, file] = /import \{ (\w+) \} from '\.\/dist\/([\w/]+)\.js'/.exec(image) ?? [];
  const exported = (await import(join(root, `${file}.ts`))) as Record<string, unknown>;
  expect(exported[name ?? '']).toBeTypeOf('function');
  expect(image).toContain(`await ${name}(name, console.log)`);
});

it('starts by a command that can be executed', () => {
  const [, command = ''] = /^ENTRYPOINT \["\/opt\/landfall\/([^"]+)"\]$/m.exec(image) ?? [];
  expect(statSync(join(root, command)).mode & 0o111).toBe(0o111);
});

it('has one major version of Node in the image and in the dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: { node: string };
  };
  const images = [...image.matchAll(/^FROM node:(\d+)/gm)];
  const [major] = manifest.devDependencies.node.split('.');
  expect(new Set(images.map(([, version]) => version))).toEqual(new Set([major]));
});
