import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'csv-parse/sync';
import { build } from 'esbuild';
import { z } from 'zod';
import { Blueprint } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { openDecisions, type OpenDecision } from './open-decisions.ts';

/** Bundles a blueprint's file with what it imports, evaluates it, and reads the reference data and the open decisions. */
export async function loadBlueprint(
  file: string,
): Promise<{ blueprint: Blueprint; bundle: string; lookups: Plan['lookups']; decisions: OpenDecision[] }> {
  const where = { file };
  let bundle: string;
  let sources: string[];
  try {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      write: false,
      metafile: true,
      logLevel: 'silent',
      legalComments: 'none',
    });
    bundle = result.outputFiles[0]?.text ?? '';
    sources = Object.keys(result.metafile.inputs).filter((path) => !/(^|[\\/])node_modules[\\/]/.test(path));
  } catch (error) {
    throw new LandfallError({
      code: 'blueprint.unreadable',
      kind: 'permanent',
      what: `The blueprint cannot be read: ${firstLine(error)}.`,
      where,
      hint: 'Check the path in the configuration, and the file’s syntax and imports.',
      cause: error,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'landfall-blueprint-'));
  try {
    const local = join(folder, 'blueprint.mjs');
    await writeFile(local, bundle);
    const loaded = (await import(pathToFileURL(local).href)) as { default?: unknown };
    const parsed = Blueprint.safeParse(loaded.default);
    if (!parsed.success) {
      throw new LandfallError({
        code: 'blueprint.invalid',
        kind: 'permanent',
        what: `The file’s default export is not a blueprint: ${mistakesIn(parsed.error)}.`,
        where,
        hint: 'End the file with `export default blueprint(…)`, and mend what is named; an editor with TypeScript points at each.',
      });
    }
    const lookups = await readLookups(parsed.data, dirname(file));
    const decisions = await openDecisions(sources.map((path) => resolve(path)));
    return { blueprint: parsed.data, bundle, lookups, decisions };
  } catch (error) {
    if (error instanceof LandfallError) {
      throw new LandfallError({
        code: error.code,
        kind: error.kind,
        what: error.what,
        where: { ...where, ...error.where },
        hint: error.hint,
      });
    }
    throw new LandfallError({
      code: 'blueprint.failed',
      kind: 'permanent',
      what: `The blueprint stops with: ${firstLine(error)}.`,
      where,
      hint: 'Mend the file; nothing was run.',
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first mistakes, each with its place; one deep inside may bring many others along. */
function mistakesIn(error: z.ZodError): string {
  const found = error.issues.map((issue) => `${issue.path.map(String).join('.') || 'the top'}: ${issue.message}`);
  const more = found.length > MistakesTold ? ` (and ${found.length - MistakesTold} more)` : '';
  return `${found.slice(0, MistakesTold).join('; ')}${more}`;
}

const MistakesTold = 5;

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n').find((line) => line.includes('error:')) ?? text.split('\n')[0] ?? '')
    .trim()
    .replace(/\.$/, '');
}

/** RFC 4180, with a header line; every value is text. */
function csvRows(text: string): Record<string, string>[] {
  return z
    .array(z.record(z.string(), z.string()))
    .parse(parse(text, { columns: true, bom: true, skip_empty_lines: true }));
}

async function readLookups(blueprint: Blueprint, folder: string): Promise<Plan['lookups']> {
  const lookups: Plan['lookups'] = {};
  for (const [name, table] of Object.entries(blueprint.lookups)) {
    if (table.kind === 'rows') lookups[name] = table.rows;
    else {
      const file = resolve(folder, table.file);
      try {
        lookups[name] = csvRows(await readFile(file, 'utf8'));
      } catch (error) {
        throw new LandfallError({
          code: 'blueprint.lookup',
          kind: 'permanent',
          what: `The reference data ${name} cannot be read.`,
          where: { file, lookup: name },
          hint: 'Put the CSV file beside the blueprint, or mend its path.',
          cause: error,
        });
      }
    }
  }
  return lookups;
}
