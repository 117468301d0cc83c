import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { searchAttributes } from '../../workflows/search-attributes.ts';

const root = join(import.meta.dirname, '..', '..');
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

it('registers in docker-compose.yml the search attributes that workflows set', () => {
  const pairs = [...compose.matchAll(/--name=(\w+)\n\s+- --type=(\w+)/g)].map(([, name, type]) => [name, type]);
  expect(Object.fromEntries(pairs)).toEqual(searchAttributes);
});

it('has one major version of Node in the image and in the dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: { node: string };
  };
  const images = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM node:(\d+)/gm)];
  const [major] = manifest.devDependencies.node.split('.');
  expect(new Set(images.map(([, version]) => version))).toEqual(new Set([major]));
});
