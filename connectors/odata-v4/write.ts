import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowOutcome, TargetCall, TargetDocument } from '../port.ts';
import { batchBody, boundaryOf, changeSetPart, parseBatch, type AnswerPart } from './batch-format.ts';
import { plan, writers, type Entry, type Mode, type PlannedDocument, type Writer } from './compose.ts';
import { RequestFailed, statusError } from './errors.ts';
import { confirm, judge, tooLarge, uncertain, type Claim } from './judge.ts';
import type { Session } from './session.ts';
import { lookedUp, questionsFor, seenIn, type Seen } from './sightings.ts';

/** Operations a batch, at most: Dataverse takes 1000, and the questions that confirm the rows are among them. */
const OperationLimit = 900;
const SizeLimit = 8_000_000;

/**
 * Writes documents, each as a change set of its own, so that a refused one harms no other (OData 4.0 part 1, 11.7.4;
 * Dataverse, “Execute batch operations using the Web API”). The same request ends with questions for the rows by their
 * legacy keys: what is answered as written counts once it was seen.
 */
export async function writeBatch(
  session: Session,
  documents: readonly TargetDocument[],
  mode: Mode,
  call: TargetCall,
): Promise<RowOutcome[]> {
  const service = await session.metadata({ call });
  const writerOf = writers(session, service);
  const outcomes: RowOutcome[] = [];
  let sent = false;
  const queue: { documents: PlannedDocument[]; attempt: number; waitMs: number }[] = packed(
    documents.map((document) => plan(session, service, writerOf, document, mode)),
  ).map((group) => ({ documents: group, attempt: 1, waitMs: 0 }));

  for (let job = queue.shift(); job; job = queue.shift()) {
    if (job.waitMs > 0) await sleep(job.waitMs, undefined, call.signal ? { signal: call.signal } : {});
    const { documents: group, attempt } = job;
    let result: Sent;
    try {
      result = await send(session, group, writerOf, call);
    } catch (error) {
      const doubtful = error instanceof RequestFailed && error.mayHaveArrived;
      if (!doubtful && !sent) throw error;
      // Rows that were not sent share the fate of those that may have been: looked up, then sent again.
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'not sent';
      for (const one of group) outcomes.push(...uncertain(one, reason));
      continue;
    }
    if (result.kind === 'too-large') {
      const [only, ...others] = group;
      if (only && others.length === 0) {
        outcomes.push(...tooLarge(only));
        continue;
      }
      const half = Math.ceil(group.length / 2);
      queue.unshift({ ...job, documents: group.slice(0, half) }, { ...job, documents: group.slice(half) });
      continue;
    }
    sent = true;
    if (result.kind === 'failed') {
      for (const one of group) outcomes.push(...uncertain(one, `the target failed (HTTP ${result.status})`));
      continue;
    }
    const again: PlannedDocument[] = [];
    let waitMs = 0;
    const claimed: { document: PlannedDocument; claims: Claim[] }[] = [];
    for (const [index, document] of group.entries()) {
      const verdict = result.verdict(index);
      if (verdict.kind === 'decided') outcomes.push(...verdict.outcomes);
      else if (verdict.kind === 'claimed') claimed.push({ document, claims: verdict.claims });
      else if (verdict.kind === 'again' && attempt < session.settings.timeouts.tries) {
        again.push(document);
        waitMs = Math.max(waitMs, verdict.waitMs);
      } else if (verdict.kind === 'unanswered' && group.length > 1 && result.mayRepeat(document)) {
        // Its failure came without a number: alone in a batch, there is no doubt whose it is.
        queue.push({ documents: [document], attempt, waitMs: 0 });
      } else outcomes.push(...uncertain(document, 'the target did not answer for this row'));
    }
    if (again.length > 0) {
      if (waitMs > 0) call.gate.report('throttled', { retryAfterMs: waitMs });
      queue.push({ documents: again, attempt: attempt + 1, waitMs });
    }
    const claims = claimed.flatMap((one) => one.claims);
    const seen = result.seen ?? (await lookedUp(session, claims, call).catch(() => null));
    for (const { document, claims } of claimed) {
      outcomes.push(...(seen ? confirm(document, claims, seen) : uncertain(document, 'written, but not seen yet')));
    }
  }
  return outcomes;
}

type Sent =
  | { kind: 'failed'; status: number }
  | { kind: 'too-large' }
  | {
      kind: 'answered';
      verdict(index: number): ReturnType<typeof judge>;
      mayRepeat(document: PlannedDocument): boolean;
      seen: Seen | null;
    };

async function send(
  session: Session,
  group: readonly PlannedDocument[],
  writerOf: (collection: Entry['collection']) => Writer,
  call: TargetCall,
): Promise<Sent> {
  const id = randomUUID();
  const boundary = `batch_${id}`;
  const firstIds: number[] = [];
  let contentId = 0;
  const parts = group.map((document, index) => {
    const headerId = contentId + 1;
    firstIds.push(headerId);
    const members = document.entries.map((entry) => entry.part((contentId += 1), headerId));
    return changeSetPart(`changeset_${index}_${id}`, members);
  });
  const questions = questionsFor(session, group, writerOf, () => (contentId += 1));
  const answer = await session.send(
    {
      method: 'POST',
      path: '$batch',
      headers: {
        'Content-Type': `multipart/mixed; boundary=${boundary}`,
        Accept: 'multipart/mixed',
        Prefer: 'odata.continue-on-error',
      },
      body: batchBody(boundary, [...parts, ...questions.map(({ part }) => part)]),
    },
    call,
  );
  const inner = boundaryOf(answer.header('content-type'));
  if (answer.status >= 500) return { kind: 'failed', status: answer.status };
  if (answer.status === 413) return { kind: 'too-large' };
  if (inner === null) throw statusError(answer.status, answer.text, { ...session.where, path: '$batch' });

  const answers = parseBatch(answer.text, inner);
  const byId = new Map(answers.flatMap((one) => (one.contentId === null ? [] : [[one.contentId, one] as const])));
  const answersOf = (index: number): (AnswerPart | undefined)[] =>
    group[index]?.entries.map((_entry, row) => byId.get(String((firstIds[index] ?? 0) + row))) ?? [];
  const nameless = answers.filter((one) => one.contentId === null && one.status >= 300);
  const silent = group.filter((_document, index) => answersOf(index).every((one) => one === undefined));
  return {
    kind: 'answered',
    verdict(index) {
      const own = answersOf(index);
      const sets = new Set(own.flatMap((one) => (one && one.changeSet !== null ? [one.changeSet] : [])));
      const within = nameless.filter((one) => one.changeSet !== null && sets.has(one.changeSet));
      const document = group[index];
      const only = document !== undefined && silent.length === 1 && nameless.length === 1 && silent[0] === document;
      return judge(document ?? { entries: [], repeatable: false, size: 0 }, own, only ? nameless : within);
    },
    // As many failures without a number as silent documents: each of them failed, so none was created.
    mayRepeat: (document) => document.repeatable || nameless.length >= silent.length,
    seen: seenIn(answers, byId, questions, group),
  };
}

/** Documents in groups that fit into one request. */
function packed(documents: readonly PlannedDocument[]): PlannedDocument[][] {
  const groups: PlannedDocument[][] = [];
  let operations = 0;
  let size = 0;
  for (const document of documents) {
    const last = groups.at(-1);
    operations += document.entries.length;
    size += document.size;
    if (last && operations <= OperationLimit && size <= SizeLimit) last.push(document);
    else {
      groups.push([document]);
      operations = document.entries.length;
      size = document.size;
    }
  }
  return groups;
}
