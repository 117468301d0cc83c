import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LandfallError } from '../../model/errors.ts';
import { NamePattern } from '../../model/names.ts';
import type { ProjectPerson } from '../../proposal/config-text.ts';
import { titleOf, wordsOf } from '../../proposal/names.ts';
import { nextCommands, projectFiles, type Project } from '../../proposal/project-text.ts';
import { propose } from '../../proposal/propose.ts';
import type { Proposal } from '../../proposal/proposal.ts';
import { makeKeyPair } from '../people.ts';
import { answersFrom, schemasFrom, type InitFlags, type SystemAnswer } from './answers.ts';
import type { Asker } from './asker.ts';
import { packageSource } from './package-source.ts';
import { readSource, readTarget } from './systems.ts';

/** What `landfall init` has made. */
export interface Made {
  folder: string;
  files: string[];
  proposal: Proposal;
  next: [command: string, why: string][];
}

/** @throws LandfallError `init.answer` */
function checkedName(name: string, flag: string): string {
  if (NamePattern.test(name) && name.length <= 40) return name;
  throw new LandfallError({
    code: 'init.answer',
    kind: 'permanent',
    what: `${name} cannot be a name here.`,
    where: { flag },
    hint: 'It starts with a lower-case letter and holds only letters, digits, - and _, at most 40 of them.',
  });
}

/** A name from whatever a system calls itself. */
function nameFrom(text: string, otherwise: string): string {
  const name = wordsOf(text).join('_').slice(0, 40).replace(/_$/, '');
  return /^[a-z]/.test(name) ? name : otherwise;
}

/** The person at this machine as the engineer, and somebody else as the owner, because nobody signs their own run. */
function peopleFrom(flags: InitFlags): ProjectPerson[] {
  const engineer = checkedName(flags.engineer ?? nameFrom(userInfo().username, 'engineer'), '--engineer');
  const owner = checkedName(flags.owner ?? (engineer === 'owner' ? 'business_owner' : 'owner'), '--owner');
  if (owner === engineer) {
    throw new LandfallError({
      code: 'init.answer',
      kind: 'permanent',
      what: 'Owner and engineer are the same person, and nobody signs their own run.',
      where: { flag: '--owner' },
      hint: 'Name somebody else.',
    });
  }
  return [
    { id: owner, name: titleOf(owner), role: 'owner' },
    { id: engineer, name: titleOf(engineer), role: 'engineer' },
  ];
}

const PackageFile = z.object({ version: z.string(), devDependencies: z.object({ typescript: z.string() }) });

/** What a project depends on: what this command itself comes from. */
function dependencies(): { landfall: string; typescript: string } {
  const checkout = import.meta.url.endsWith('.ts');
  const root = fileURLToPath(new URL(checkout ? '../../' : '../../../', import.meta.url));
  const own = PackageFile.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  return {
    landfall: packageSource(root.replace(/\/$/, ''), own.version),
    typescript: own.devDependencies.typescript,
  };
}

/** Files that only their owner may read: private keys, and the key that wraps all others. */
function keyFiles(people: readonly ProjectPerson[]): { secret: Record<string, string>; open: Record<string, string> } {
  const secret: Record<string, string> = { 'keys/master.key': `${randomBytes(32).toString('base64')}\n` };
  const open: Record<string, string> = {};
  for (const { id } of people) {
    const pair = makeKeyPair();
    secret[`keys/${id}.key`] = pair.privateKey;
    open[`people/${id}.pub`] = pair.publicKey;
  }
  return { secret, open };
}

function refuseExisting(folder: string, files: readonly string[]): void {
  const there = files.filter((file) => existsSync(join(folder, file)));
  if (there.length === 0) return;
  throw new LandfallError({
    code: 'init.exists',
    kind: 'permanent',
    what: `There ${there.length === 1 ? 'is' : 'are'} ${there.slice(0, 5).join(', ')}${there.length > 5 ? ' and more' : ''} already, and nothing is written over.`,
    where: { folder },
    hint: 'Name another folder, or take away what is there.',
  });
}

function variablesOf(of: (SystemAnswer | null)[]): string[] {
  return [...new Set(of.flatMap((one) => (one?.secretEnv == null ? [] : [one.secretEnv])))];
}

/**
 * Makes a project: asks what was not said, reads what both systems declare, and writes a proposal.
 *
 * @throws LandfallError `init.exists` before anything is asked or written
 */
export async function init(
  given: string,
  flags: InitFlags,
  asker: Asker | null,
  log: (line: string) => void,
): Promise<Made> {
  const folder = resolve(given);
  refuseExisting(folder, ['landfall.config.ts']);
  const people = peopleFrom(flags);
  const answers = await answersFrom(flags, asker);
  log('Reading the source’s catalogue …');
  const source = await readSource(answers.source, folder);
  const counts = new Map<string, number>();
  for (const { schema } of source.tables) counts.set(schema, (counts.get(schema) ?? 0) + 1);
  const schemas = await schemasFrom(flags, asker, counts);
  if (answers.target) log('Reading the target’s metadata …');
  const target = answers.target ? await readTarget(answers.target, folder) : null;
  const usual = nameFrom(decodeURIComponent(answers.source.url.pathname), 'migration');
  const name = flags.name ?? (await asker?.ask('What shall the migration be called?', usual)) ?? usual;

  const proposal = propose({
    name: checkedName(name, '--name'),
    tables: source.tables.filter((table) => schemas.includes(table.schema)),
    collections: target?.collections ?? null,
    zone: flags.timeZone ?? null,
  });
  const project: Project = {
    proposal,
    source: source.settings,
    target: target?.settings ?? null,
    people,
    ...dependencies(),
    variables: variablesOf([answers.source, answers.target]),
  };
  const keys = keyFiles(people);
  const texts = { ...projectFiles(project), ...keys.open };
  const all = [...Object.keys(texts), ...Object.keys(keys.secret)];
  refuseExisting(folder, all);
  await mkdir(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  for (const [files, mode] of [
    [texts, 0o644],
    [keys.secret, 0o600],
  ] as const) {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(folder, dirname(file)), { recursive: true });
      await writeFile(join(folder, file), text, { mode, flag: 'wx' });
    }
  }
  return { folder, files: all, proposal, next: nextCommands(project) };
}
