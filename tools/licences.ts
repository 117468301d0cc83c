import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/*
 * Writes dist/THIRD-PARTY.txt: every package that an installed Landfall brings along, on any platform, with its licence,
 * and the licences' own texts as far as the packages are installed here. Fails where a licence is not one of those below.
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'dist', 'THIRD-PARTY.txt');

/** Licences under which others may use what uses them, for any purpose, with no more than a notice. */
const Allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  // Of a package that is data alone.
  'CC-BY-4.0',

  'ISC',
  'MIT',
  'Unlicense',
]);

/** Whether an expression of SPDX leaves a choice that is allowed. */
export function isAllowed(licence: string): boolean {
  const plain = licence.replaceAll(/[()]/g, '');
  return plain.split(' OR ').some((one) => one.split(' AND ').every((name) => Allowed.has(name)));
}

export interface ThirdParty {
  name: string;
  version: string;
  licence: string;
  /** The texts of its licence and notice; empty where it is not installed on this platform. */
  texts: string[];
}

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
}

/** Packages that name no licence but carry its text, by version: somebody has read it. */
const Read: Readonly<Record<string, string>> = { 'unionfs 4.6.0': 'Unlicense' };

/** The licence that a package names itself; some are older than the field that the lock file copies. */
function licenceOf(folder: string): string {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return 'none named';
  const { license, licenses } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    license?: string;
    licenses?: { type: string }[];
  };
  return license ?? licenses?.map((one) => one.type).join(' OR ') ?? 'none named';
}

function textsOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile());
  return names
    .map((one) => one.name)
    .filter((name) => /^(licen[cs]e|copying|notice|unlicense)([.-]|$)/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim());
}

/** What an installed Landfall brings along, by the lock file, so that it holds on every platform. */
export function thirdParties(): ThirdParty[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(lock.packages)
    .filter(([path, of]) => path !== '' && !of.dev && !of.devOptional)
    .map(([path, of]) => {
      const name = path.replace(/^.*node_modules\//, '');
      const version = of.version ?? '';
      const licence = of.license ?? Read[`${name} ${version}`] ?? licenceOf(join(root, path));
      return { name, version, licence, texts: textsOf(join(root, path)) };
    })
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}

/** The page: first the list, then each text once, with the packages that it is of. */
export function thirdPartyPage(all: readonly ThirdParty[]): string {
  const byText = new Map<string, string[]>();
  for (const { name, version, texts } of all) {
    for (const text of texts) byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  return [
    'Landfall is installed together with these packages. Each is under the licence that stands beside it.',
    '',
    ...all.map(({ name, version, licence }) => `${name} ${version}: ${licence}`),
    ...[...byText].flatMap(([text, names]) => ['', '-'.repeat(78), names.join(', '), '', text]),
    '',
  ].join('\n');
}

/** @throws Error naming the packages whose licence is not allowed */
export function writeThirdParties(): string {
  const all = thirdParties();
  const wrong = all.filter(({ licence }) => !isAllowed(licence));
  if (wrong.length > 0) {
    const names = wrong.map(({ name, version, licence }) => `${name} ${version} (${licence})`).join(', ');
    throw new Error(
      `A package may not be under this licence: ${names}. Take another, or allow it in tools/licences.ts.`,
    );
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, thirdPartyPage(all));
  return `dist/THIRD-PARTY.txt: ${all.length} packages, ${new Set(all.map((one) => one.licence)).size} licences`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(writeThirdParties());
