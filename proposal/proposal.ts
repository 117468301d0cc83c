import type { FieldKind } from '../model/shape.ts';

/** Where a proposed field's value comes from. */
export type ProposedSource =
  | { kind: 'sql'; sql: string }
  /** A local time, whose zone is the project's. */
  | { kind: 'localTime'; sql: string }
  | { kind: 'crosswalk'; entity: string; keys: string[]; later: boolean };

export interface ProposedField {
  field: string;
  type: FieldKind;
  required: boolean;
  source: ProposedSource;
  /** What a person has to decide about it, in sentences. */
  decide: string[];
  /** What they had better know. */
  note: string | null;
}

/** A sentence, and code to begin with that belongs among the fields or to the entity itself. */
export interface Suggestion {
  decide: string;
  code: string[];
  among: 'fields' | 'entity';
}

export interface ProposedEntity {
  name: string;
  /** What the source's catalogue says of the table. */
  comment: string | null;
  title: string;
  object: string;
  estimatedRows: number;
  key: string[];
  /** Columns to read, where not all of them are. */
  columns: string[] | null;
  classify: Record<string, 'personal' | 'restricted'>;
  collection: { name: string; id: string; legacyKey: string; write: 'upsert' | 'create'; decide: string[] };
  legacyKey: string;
  fields: ProposedField[];
  /** About the table as a whole. */
  decide: string[];
  notes: string[];
  /** What might become of columns that no field takes. */
  suggestions: Suggestion[];
}

export interface ProposedControl {
  kind: 'count' | 'sum';
  name: string;
  title: string;
  entity: string;
  unit: string;
  /** Sums alone: the column, the field and the digits after the point. */
  sum?: { column: string; field: string; scale: number };
  /** What it is grouped by: a column and the field that takes it. */
  by?: { label: string; column: string; field: string };
}

/** A blueprint to begin with. Nothing in it is read from rows. */
export interface Proposal {
  name: string;
  title: string;
  /** In an order in which references point backwards. */
  entities: ProposedEntity[];
  /** Entities that no collection of the target was found for: written, and not part of the blueprint yet. */
  waiting: ProposedEntity[];
  controls: ProposedControl[];
  decide: string[];
  /** The zone of local times, and whether it is a guess; null: there are none. */
  zone: { name: string; guessed: boolean } | null;
}
