import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import type { PlannedPart } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { relationOf } from '../staging/rows.ts';
import type { Ledgers } from './contract.ts';
import { correctedManifests } from './corrections.ts';
import { roleOf } from './parts.ts';
import { hasArrived, receiptColumns } from './receipts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

/** Rows of which some columns may be restricted: those lie in files of their own, by other keys. */
export interface Rows {
  /** Without what is restricted. */
  open: string;
  /** With it: a join of all rows, for whoever cannot do without. The same as the other where nothing is restricted. */
  whole: string;
}

/** A chunk of ready rows, with what the target said about them. */
export interface Piece {
  ready: Rows;
  /** Receipts of this part; the later pass's stand for those of the first. */
  receipts: string;
  /** Receipts of the documents' headers, for a part that is lines. */
  headers: string;
}

/** Relations over everything that is staged of one part, for a job that may read the files. */
export interface StagedPart {
  extracted: Rows;
  /** With people's corrections in place of what was extracted. */
  corrected: Rows;
  /** Without what is restricted. */
  ready: string;
  actual: Rows;
  /** Each of its rows whole, file by file where that can be. */
  actualPieces: string[];
  /** The same pieces without what is restricted. */
  actualKeys: string[];
  /** What the target said of each row: in several pieces where a later pass stands for the first, chunk by chunk. */
  receipts: string[];
  rejects: string;
  left: string;
  attachments: string | null;
  /** Attachments that were extracted of rows that are ready. */
  attachmentsDue: string | null;
  pieces: Piece[];
  files: string[];
}

export interface StagedEntity {
  parts: Map<string, StagedPart>;
  /** Positions of the source that its chunks were read at. */
  positions: string[];
  /** Times that its rows were read back at. */
  asAt: string[];
}

function nothing(columns: Readonly<Record<string, string>>): string {
  const none = Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${type}) AS ${identifier(name)}`);
  return `(SELECT ${none.join(', ')} WHERE false)`;
}

/** Rows with what lies in the side files joined to them. */
function joined(open: string, secret: string, key: string): string {
  return `(SELECT * FROM ${open} m JOIN ${secret} r USING (${key}))`;
}

const texts = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, 'VARCHAR']));

/** Finds everything that is staged of an entity, and proves that it is what its steps wrote. */
export async function openStagedEntity(staging: Staging, entity: Entity, ledgers: Ledgers): Promise<StagedEntity> {
  const step = (name: Manifest['step']): Promise<Manifest[]> => {
    const digest = ledgers[name];
    return digest === undefined ? Promise.resolve([]) : manifestsOf(staging, entity.name, name, digest);
  };
  const [extract, transform, load, references, readback, moved] = await Promise.all([
    step('extract'),
    step('transform'),
    step('load'),
    step('references'),
    step('readback'),
    step('attachments'),
  ]);
  const corrected = await correctedManifests(staging, entity.name, ledgers);
  const chunkOf = ({ chunk }: Manifest): number => chunk;
  const [loaded, referenced] = [Map.groupBy(load, chunkOf), Map.groupBy(references, chunkOf)];
  const parts = new Map<string, StagedPart>();
  for (const part of partsOf(entity)) {
    const files: string[] = [];
    const role = (name: string): string => roleOf(entity, part, name);
    const of = async (manifests: readonly Manifest[], name: string, none: Record<string, string>): Promise<string> => {
      const inputs = await inputsOf(staging, manifests, name);
      files.push(...inputs.map((input) => input.local));
      return inputs.length === 0 ? nothing(none) : relationOf(inputs);
    };
    const sided = async (
      manifests: readonly Manifest[],
      name: string,
      at: { side: string; key: string },
    ): Promise<Rows> => {
      const open = await of(manifests, role(name), texts(at.key));
      const secret = await inputsOf(staging, manifests, role(at.side));
      if (secret.length === 0) return { open, whole: open };
      files.push(...secret.map((input) => input.local));
      return { open, whole: joined(open, relationOf(secret), at.key) };
    };
    const rowsOf = (manifests: readonly Manifest[]): Promise<Rows> =>
      sided(manifests, 'rows', { side: 'restricted', key: '_key' });
    const receiptsOf = async (
      first: readonly Manifest[],
      later: readonly Manifest[],
      name: string,
    ): Promise<string> => {
      const one = await of(first, 'receipts', receiptColumns);
      if (later.length === 0) return `(SELECT * FROM ${one} WHERE part = ${literal(name)})`;
      const two = await of(later, 'receipts', receiptColumns);
      // The generation of the later pass wins over that of the first.
      return `(SELECT * EXCLUDE (generation) FROM (SELECT *, 2 AS generation FROM ${two} UNION ALL BY NAME SELECT *, 1 AS generation FROM ${one})
        WHERE part = ${literal(name)} QUALIFY row_number() OVER (PARTITION BY _key ORDER BY generation DESC) = 1)`;
    };
    const pieces: Piece[] = [];
    for (const manifest of transform) {
      const same = [loaded.get(manifest.chunk) ?? [], referenced.get(manifest.chunk) ?? []] as const;
      pieces.push({
        ready: await rowsOf([manifest]),
        receipts: await receiptsOf(...same, part.name),
        headers: await receiptsOf(...same, entity.name),
      });
    }
    const actual = await sided(readback, 'actual', { side: 'actual-restricted', key: '_target' });
    const open = await inputsOf(staging, readback, role('actual'));
    const hidden = await inputsOf(staging, readback, role('actual-restricted'));
    // What was read back together lies in two files of one number.
    const actualPieces = open.map((file, number) => {
      const [main, secret] = [relationOf([file]), hidden[number]];
      return secret === undefined ? main : joined(main, relationOf([secret]), '_target');
    });
    const byFile = open.length > 0 && (hidden.length === 0 || hidden.length === open.length);
    const header = part.name === entity.name;
    const ready = (await rowsOf(transform)).open;
    const blobs = header && entity.attachments ? await of(extract, 'blobs', texts('_source')) : null;
    const receipts = await receiptsOf(load, references, part.name);
    parts.set(part.name, {
      extracted: await rowsOf(extract),
      corrected: await rowsOf(corrected),
      ready,
      actual,
      actualPieces: byFile ? actualPieces : [actual.whole],
      actualKeys: byFile ? open.map((file) => relationOf([file])) : [actual.open],
      receipts: references.length === 0 ? [receipts] : pieces.map((piece) => piece.receipts),
      rejects: await of(transform, role('rejects'), texts('_source', 'rule', 'field', 'value')),
      left: await of(transform, role('left'), texts('_source', 'rule')),
      attachments:
        blobs === null
          ? null
          : await of(moved, 'attachments', {
              ...texts('_key', 'sha256', 'actual_sha256'),
              bytes: 'BIGINT',
              actual_bytes: 'BIGINT',
            }),
      attachmentsDue:
        blobs === null
          ? null
          : `(SELECT b._source FROM ${blobs} b JOIN (SELECT _key, unnest(_sources) AS _source FROM ${ready}) q ON q._source = b._source
              JOIN ${receipts} r ON r._key = q._key WHERE ${hasArrived('r')})`,
      pieces,
      files,
    });
  }
  const positionsOf = (manifests: readonly Manifest[]): string[] =>
    manifests.flatMap((one) => (one.position === null ? [] : [one.position]));
  return { parts, positions: positionsOf(extract), asAt: positionsOf(readback) };
}

/** A part's fields that reports mask: what is personal or restricted; and keys, where they are made of such columns. */
export function maskedFields(part: Part, planned: PlannedPart): Set<string> {
  const hidden = (one: string | undefined): boolean => one === 'personal' || one === 'restricted';
  const fields = Object.keys(part.fields).filter((field) => hidden(planned.classes[field]));
  const keyed = (planned.reads['legacyKey'] ?? []).some((column) => hidden(part.from.classify[column]));
  return new Set([...fields, ...(keyed ? ['_key'] : [])]);
}
