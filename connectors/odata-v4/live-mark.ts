import { LandfallError } from '../../model/errors.ts';
import type { MarkLive } from '../port.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';
import { writeBatch } from './write.ts';

/** Writes the run and its report into the row that the connection names: an ordinary upsert, verified like any other. */
export function markLive(session: Session, mark: NonNullable<Settings['liveMark']>): MarkLive['markLive'] {
  return async (by, call) => {
    const collection = {
      collection: mark.collection,
      id: mark.id,
      legacyKey: mark.keyProperty,
      write: 'upsert' as const,
      shape: { [mark.property]: { type: { kind: 'text' as const, max: 1000 }, required: true } },
    };
    const body = JSON.stringify({ [mark.property]: `live since run ${by.run}, report ${by.report}` });
    const row = { legacyKey: mark.key, body, references: [] };
    const [outcome] = await writeBatch(session, [{ collection, row }], 'write', call);
    if (outcome && outcome.outcome !== 'refused' && outcome.outcome !== 'uncertain') return;
    throw new LandfallError({
      code: 'target.live-mark',
      kind: outcome?.outcome === 'refused' ? 'permanent' : 'transient',
      what: 'The target could not be marked as the system of record.',
      where: { connection: session.name, collection: mark.collection },
      hint: 'Check `liveMark` of the connection and the right to write there.',
      ...(outcome?.outcome === 'refused' ? { confidential: outcome.message } : {}),
    });
  };
}
