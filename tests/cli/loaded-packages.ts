import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/*
 * Loaded before a command (`--import`): when that ends, writes which packages it has loaded, one a line, into the file
 * that LOADED_PACKAGES names.
 */

const loaded = new Set<string>();
const package_ = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

registerHooks({
  load(url, context, next) {
    const [, name] = package_.exec(url) ?? [];
    if (name !== undefined) loaded.add(name);
    return next(url, context);
  },
});

process.on('exit', () => writeFileSync(process.env['LOADED_PACKAGES'] ?? '', [...loaded].sort().join('\n')));
