import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { placeOf } from '../model/errors.ts';
import type { EntityStatus, RunStatus } from '../model/run.ts';
import { addCounts } from '../model/run.ts';
import { entityProgress, status } from '../workflows/messages.ts';
import { ask } from './ask.ts';
import { bold, dim, red, yellow } from './print.ts';

/** The run's status, with the figures of what is at work asked of each entity itself. */
export async function readStatus(client: Client, run: string): Promise<RunStatus> {
  const now = await ask(client, run, status);
  await Promise.all(
    now.entities.map(async (entity) => {
      if (entity.workflow === null) return;
      try {
        const told = await ask(client, entity.workflow, entityProgress);
        Object.assign(entity, { chunksDone: told.chunksDone, chunksDue: told.chunksDue });
      } catch (error) {
        // It has not started yet.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }),
  );
  return now;
}

const number = (n: number): string => Math.round(n).toLocaleString('en-GB');

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return '█'.repeat(full) + dim('░'.repeat(width - full));
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function rowsOf(entity: EntityStatus): { done: number; due: number; rejected: number } {
  const counts = Object.values(entity.counts).reduce<ReturnType<typeof addCounts>>(
    (sum, one) => addCounts(sum, one),
    addCounts(),
  );
  const due = counts.extracted === 0 ? entity.rowsDue : counts.extracted;
  const share = entity.state === 'done' ? 1 : entity.chunksDue === 0 ? 0 : entity.chunksDone / entity.chunksDue;
  return { done: due * share, due, rejected: counts.rejected + counts.refused + counts.blocked };
}

/** Draws a run: a line for the run, one for each entity. Fits 80 columns. */
export class ProgressView {
  #since = new Map<string, { step: string; at: number }>();
  #drawn = 0;
  #last = '';

  lines(now: RunStatus): string[] {
    const width = 14;
    const lines = [`${bold(now.phase.padEnd(12))} ${now.paused ? yellow('paused ') : ''}${dim(now.run)}`];
    for (const entity of now.entities) {
      const { done, due, rejected } = rowsOf(entity);
      const step = entity.step ?? (entity.state === 'done' ? 'done' : '');
      const since = this.#since.get(entity.name);
      if (!since || since.step !== step) this.#since.set(entity.name, { step, at: Date.now() });
      const seconds = (Date.now() - (this.#since.get(entity.name)?.at ?? Date.now())) / 1000;
      const rate = entity.state === 'running' && seconds > 0.5 && done > 0 ? done / seconds : 0;
      const share = entity.state === 'done' ? 1 : due === 0 ? 0 : done / due;
      const speed = rate > 0 ? `${number(rate)}/s ${duration((due - done) / rate)}` : '';
      lines.push(
        `${entity.title.slice(0, 14).padEnd(14)} ${step.padEnd(10)} ${bar(share, width)} ` +
          `${`${number(done)}/${number(due)}`.padStart(13)} ${rejected > 0 ? red(`${number(rejected)} held`.padStart(9)) : ''.padStart(9)} ${dim(speed)}`,
      );
    }
    for (const { step, tries, failure } of now.retrying ?? []) {
      const place = placeOf(failure.where ?? {});
      lines.push(yellow(`${step} is tried again (${tries} times so far): ${failure.code}: ${failure.what}`));
      if (place !== '') lines.push(`  where: ${place}`);
      if (failure.hint !== '') lines.push(`  do:    ${failure.hint}`);
    }
    const more = now.entitiesInAll - now.entities.length;
    if (more > 0) {
      const { extracted, rejected, refused, blocked } = now.totals;
      const held = rejected + refused + blocked;
      lines.push(
        dim(`and ${number(more)} more entities; all together ${number(extracted)} rows, ${number(held)} held`),
      );
    }
    return lines;
  }

  /** On a terminal redraws in place; in a log file says only what is new. */
  draw(now: RunStatus): void {
    const out = process.stdout;
    if (!out.isTTY) {
      const news = `${now.phase}: ${now.entities
        .filter((one) => one.state !== 'waiting')
        .map((one) => `${one.title} ${one.step ?? 'done'} ${one.chunksDone}/${one.chunksDue}`)
        .join(', ')}`;
      const brief = news.split(':')[0] ?? '';
      if (brief !== this.#last) out.write(`${news}\n`);
      this.#last = brief;
      return;
    }
    const lines = this.lines(now);
    if (this.#drawn > 0) out.write(`\u001b[${this.#drawn}A\u001b[0J`);
    out.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }
}
