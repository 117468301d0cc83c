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

/** A chunk of ready rows, with what the target said about them. */
export interface Piece {
  ready: string;
  /** Receipts of this part; the later pass's stand for those of the first. */
  receipts: string;
  /** Receipts of the documents' headers, for a part that is lines. */
  headers: string;
}

/** Relations over everything that is staged of one part, for a job that may read the files. */
export interface StagedPart {
  extracted: string;
  /** With people's corrections in place of what was extracted. */
  corrected: string;
  ready: string;
  actual: string;
  /** The same, file by file where that can be. */
  actualPieces: string[];
  receipts: string;
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
    /** Rows with what lies in the side file joined to them. */
    const whole = async (manifests: readonly Manifest[], name: string, side: string, key: string): Promise<string> => {
      const main = await of(manifests, role(name), texts(key));
      const secret = await inputsOf(staging, manifests, role(side));
      if (secret.length === 0) return main;
      files.push(...secret.map((input) => input.local));
      return `(SELECT * FROM ${main} m JOIN ${relationOf(secret)} r USING (${key}))`;
    };
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
        ready: await whole([manifest], 'rows', 'restricted', '_key'),
        receipts: await receiptsOf(...same, part.name),
        headers: await receiptsOf(...same, entity.name),
      });
    }
    const actual = await whole(readback, 'actual', 'actual-restricted', '_target');
    const open = await inputsOf(staging, readback, role('actual'));
    const hidden = await inputsOf(staging, readback, role('actual-restricted'));
    const byFile = open.length > 0 && hidden.length === 0;
    const header = part.name === entity.name;
    const ready = await whole(transform, 'rows', 'restricted', '_key');
    const blobs = header && entity.attachments ? await of(extract, 'blobs', texts('_source')) : null;
    const receipts = await receiptsOf(load, references, part.name);
    parts.set(part.name, {
      extracted: await whole(extract, 'rows', 'restricted', '_key'),
      corrected: await whole(corrected, 'rows', 'restricted', '_key'),
      ready,
      actual,
      actualPieces: byFile ? open.map((one) => relationOf([one])) : [actual],
      receipts,
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
