import type { Source } from '../connectors/port.ts';
import { sourceExpressions } from '../mapping/compile.ts';
import { partsOf, referencesOf, type Blueprint, type Entity } from '../model/blueprint.ts';
import type { Problem } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { lookupsIn } from '../model/sql.ts';

/** Entities in an order in which references point backwards; those that cannot be set yet must say `later`. */
export function orderOf(blueprint: Blueprint): { order: string[]; problems: Problem[] } {
  const waiting = new Map(blueprint.entities.map((entity) => [entity.name, new Set(loadAfter(entity))]));
  const order: string[] = [];
  while (waiting.size > 0) {
    const free = [...waiting]
      .filter(([, after]) => [...after].every((name) => !waiting.has(name)))
      .map(([name]) => name);
    if (free.length === 0) {
      const names = [...waiting.keys()];
      return {
        order: [...order, ...names],
        problems: [
          {
            code: 'blueprint.cycle',
            what: `References go round in a circle: ${names.join(' → ')}.`,
            where: { blueprint: blueprint.name, entity: names[0] ?? '' },
            hint: "Give one of the references `{ later: true, whenMissing: 'null' }`: it is then set when every row is there.",
            severity: 'error',
          },
        ],
      };
    }
    for (const name of free) {
      order.push(name);
      waiting.delete(name);
    }
  }
  return { order, problems: [] };
}

/** Entities whose rows must be in the target first. */
export function loadAfter(entity: Entity): string[] {
  const references = partsOf(entity)
    .flatMap(referencesOf)
    .filter((one) => !one.later);
  return [...new Set([...references.map((one) => one.entity), ...entity.after])];
}

/** Something that keeps a plan from being made. */
export function problem(code: string, what: string, where: Problem['where'], hint: string): Problem {
  return { code, what, where, hint, severity: 'error' };
}

/** What a blueprint says of itself that cannot be. */
export function selfProblems(blueprint: Blueprint, lookups: Plan['lookups']): Problem[] {
  const problems: Problem[] = [];
  const names = new Set<string>();
  const reserved = new Set(['keys', 'evidence', 'blobs', 'lease', 'lookups']);
  for (const entity of blueprint.entities) {
    for (const part of partsOf(entity)) {
      const where = { entity: part.name };
      if (names.has(part.name))
        problems.push(problem('blueprint.twice', 'Two parts have the same name.', where, 'Give each its own.'));
      if (reserved.has(part.name))
        problems.push(
          problem('blueprint.reserved', 'The name is kept for Landfall’s own files.', where, 'Choose another.'),
        );
      names.add(part.name);
    }
  }
  for (const entity of blueprint.entities) {
    if (entity.consistency !== 'fuzzy') continue;
    problems.push(
      problem(
        'blueprint.fuzzy',
        'A fuzzy read cannot be signed before the target is kept in step with the source, which this version does not do.',
        { entity: entity.name },
        'Use `snapshot`, or `frozen` where the source has no snapshots.',
      ),
    );
  }
  for (const { lines } of blueprint.entities) {
    for (const { field, later } of lines ? referencesOf(lines) : []) {
      if (!lines || !later) continue;
      problems.push(
        problem(
          'blueprint.later-in-lines',
          'A reference of lines cannot wait for a later pass, which sets those of headers alone.',
          { entity: lines.name, field },
          'Take `{ later: true }` from it, and give it to a reference of a header in the circle.',
        ),
      );
    }
  }
  for (const { name, fields } of blueprint.entities) {
    for (const [field, mapping] of Object.entries(fields)) {
      if (mapping.kind !== 'crosswalk' || !mapping.later || mapping.whenMissing === 'null') continue;
      problems.push(
        problem(
          'blueprint.later-blocks',
          'A reference that is set in the later pass cannot hold its row back: the row is in the target by then.',
          { entity: name, field },
          "Say `{ later: true, whenMissing: 'null' }` if a row may stay without it; else load what it points at first.",
        ),
      );
    }
  }
  for (const part of blueprint.entities.flatMap(partsOf)) {
    for (const [field, shape] of Object.entries(part.to.shape)) {
      if (shape.required && !part.fields[field]) {
        problems.push(
          problem(
            'blueprint.required',
            'A required field has no source.',
            { entity: part.name, field },
            'Map it, or mark it `.nullable()`.',
          ),
        );
      }
    }
    for (const field of Object.keys(part.fields)) {
      if (part.to.shape[field]) continue;
      problems.push(
        problem(
          'blueprint.field',
          `The shape of ${part.to.collection} has no such field.`,
          { entity: part.name, field },
          'Add it to the shape, or take it out of the mapping.',
        ),
      );
    }
    for (const { field, entity } of referencesOf(part)) {
      if (names.has(entity)) continue;
      problems.push(
        problem(
          'blueprint.reference',
          `A reference points at ${entity}, which is no entity.`,
          { entity: part.name, field },
          'Check the name in `crosswalk`.',
        ),
      );
    }
    for (const { at, sql } of sourceExpressions(part)) {
      for (const lookup of lookupsIn(sql)) {
        if (lookup.of !== 'blueprint') continue;
        const table = lookups[lookup.table];
        const column =
          table?.[0] &&
          (!(lookup.match in table[0]) ? lookup.match : !(lookup.take in table[0]) ? lookup.take : undefined);
        if (table && column === undefined) continue;
        const what = table
          ? `The reference data ${lookup.table} has no column ${column ?? ''}.`
          : `There is no reference data ${lookup.table}.`;
        problems.push(
          problem('blueprint.lookup', what, { entity: part.name, field: at }, 'Check `lookups` of the blueprint.'),
        );
      }
    }
  }
  for (const control of blueprint.controls) {
    for (const side of [control.source, control.target]) {
      if (!side || names.has(side.of)) continue;
      problems.push(
        problem(
          'blueprint.control',
          `A control reads ${side.of}, which is no entity.`,
          { control: control.name },
          'Check `of`.',
        ),
      );
    }
  }
  return problems;
}

/** Ways of being consistent that the source has not got. */
export function consistencyProblems(blueprint: Blueprint, source: Source, connection: string): Problem[] {
  return blueprint.entities.flatMap(({ name, consistency }) => {
    const where = { entity: name, connection };
    if (consistency === 'frozen' && !(source.freeze && source.isFrozen)) {
      const hint = 'Configure `freeze` for the connection, or use `snapshot`.';
      return [problem('source.cannot-freeze', 'The source cannot be made to refuse writes.', where, hint)];
    }
    if (consistency === 'snapshot' && !source.openLease) {
      const hint = 'Use `frozen`: writes are refused while it is read.';
      return [problem('source.no-snapshots', 'The source cannot hold a snapshot.', where, hint)];
    }
    return [];
  });
}
