#!/usr/bin/env -S node --max-semi-space-size=8
// V8's young generation would grow to 128 MiB in a worker that loads lines: kept small, it takes no more time.
// Plain JavaScript that an old Node can read, so that it can say that it is too old.
'use strict';
var path = require('path');
var fs = require('fs');
var url = require('url');

var root = path.join(__dirname, '..');
var wanted = require('../package.json').engines.node.replace('>=', '');

function older(have, than) {
  for (var part = 0; part < 3; part += 1) {
    if (have[part] !== than[part]) return have[part] < than[part];
  }
  return false;
}

if (older(process.versions.node.split('.').map(Number), wanted.split('.').map(Number))) {
  console.error(
    'Landfall needs Node ' +
      wanted +
      ' or later, but this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '): install a newer one from https://nodejs.org, or put it first on the PATH.',
  );
  process.exit(1);
}

// What V8 has compiled is kept for the user: starting takes half as long. Where it cannot be kept, nothing is lost.
var caches = process.env.XDG_CACHE_HOME || path.join(require('os').homedir(), '.cache');
require('module').enableCompileCache(path.join(caches, 'landfall', 'compiled'));

// A checkout runs its sources, so that it never shows what an earlier build did.
var source = path.join(root, 'cli', 'main.ts');
var built = path.join(root, 'dist', 'cli', 'main.js');
void import(url.pathToFileURL(fs.existsSync(source) ? source : built).href);
