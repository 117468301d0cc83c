import { placeOf } from '../model/errors.ts';
import type { RunStatus } from '../model/run.ts';
import { heldRowsOf, rowsText } from './figures.ts';

/** Parts into which a long step is divided for a log: a line for each that is through. */
const Parts = 10;

/** A run as a log: for each change since it was last seen one line, without the time and without colours. */
export class RunLog {
  readonly #seen = new Map<string, string>();

  /** Says a line where its subject differs from what it was. */
  #told(subject: string, state: string, line: string): string[] {
    if (this.#seen.get(subject) === state) return [];
    this.#seen.set(subject, state);
    return line === '' ? [] : [line];
  }

  #entities(now: RunStatus): string[] {
    return now.entities.flatMap((entity) => {
      const { name, title, step, state, rowsDone } = entity;
      if (step === null) return [];
      const due = Math.max(entity.rowsDue, rowsDone);
      const held = heldRowsOf(entity);
      const heldText = held > 0 ? `, ${rowsText(held)} held` : '';
      const part = due === 0 ? 0 : Math.floor((Parts * rowsDone) / due);
      const how = state === 'waiting' ? 'done' : state === 'failed' ? 'failed' : '';
      const rows = how === 'done' ? `${rowsText(rowsDone)} rows` : `${rowsText(rowsDone)} of ${rowsText(due)} rows`;
      // The line that says that it is done comes next.
      if (how === '' && part === Parts) return [];
      const words = [step, how].filter((word) => word !== '').join(' ');
      return this.#told(name, `${step} ${how || part}`, `${title}: ${words}, ${rows}${heldText}`);
    });
  }

  lines(now: RunStatus): string[] {
    const { phase, paused, waiting, report, failure } = now;
    const waits = waiting && `waits for ${waiting.on} by ${waiting.who.join(' or ')}: ${waiting.note}`;
    const retrying = (now.retrying ?? []).flatMap(({ step, workflow, tries, failure: why }) => {
      const place = placeOf(why.where ?? {});
      const line = `${step} is tried again (${tries} times so far): ${why.code}: ${why.what}${place === '' ? '' : ` (${place})`} ${why.hint}`;
      return this.#told(`retrying ${workflow} ${step}`, why.code, line);
    });
    return [
      ...this.#told('phase', phase, `phase ${phase}`),
      ...this.#told('paused', String(paused), paused ? 'paused' : this.#seen.has('paused') ? 'resumed' : ''),
      ...this.#entities(now),
      ...retrying,
      ...this.#told(
        'report',
        report?.digest ?? '',
        report ? `report ${report.digest.slice(0, 16)}: ${report.verdict}` : '',
      ),
      ...this.#told('waiting', waits ?? '', waits ?? ''),
      ...this.#told(
        'failure',
        failure?.code ?? '',
        failure ? `failed: ${failure.code}: ${failure.what} ${failure.hint}` : '',
      ),
    ];
  }
}
