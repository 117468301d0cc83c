import type pg from 'pg';
import { type Answer, boundaryOf, type Operation, parseBatch, writeBatch } from './batch.ts';
import type { FaultRule } from './faults.ts';
import { bySet } from './model.ts';
import { ODataProblem, problems } from './problem.ts';
import { readSet, rowJson, type ReadOptions } from './read.ts';
import { findId, parseKey, write, type Write, type Written } from './write.ts';

/** The most operations in one batch (Dataverse, "Execute batch operations"). */
const BatchLimit = 1000;

type Client = Pick<pg.ClientBase, 'query'>;

export function problemAnswer(error: unknown, contentId: string | null = null): Answer {
  const known =
    error instanceof ODataProblem ? error : new ODataProblem(500, '0x80040216', 'An unexpected error occurred.');
  const body = JSON.stringify({ error: { code: known.code, message: known.message } });
  return { status: known.status, headers: known.headers, body, contentId };
}

function preferences(header: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [name = '', value = ''] = part.trim().split('=');
    if (name !== '') found.set(name.toLowerCase(), value.replaceAll('"', ''));
  }
  return found;
}

function isExact(header: string | undefined): boolean {
  return /IEEE754Compatible=true/i.test(header ?? '');
}

/** Decimals that come as JSON numbers keep their digits: JavaScript would round them. */
function parseBody(text: string, contentType: string | undefined): Record<string, unknown> {
  try {
    if (text.trim() === '') return {};
    const parsed: unknown = isExact(contentType)
      ? JSON.parse(text)
      : JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
          typeof value === 'number' && !Number.isInteger(value) ? (context?.source ?? value) : value,
        );
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // falls through to the refusal below
  }
  throw problems.syntax('the body is not a JSON object');
}

/** Everything that the service does with a request once it is let in. */
export class Service {
  readonly #pool: pg.Pool;
  readonly #root: string;
  readonly #aggregateLimit: number;
  readonly stats = { requests: 0, batches: 0, operations: 0, created: 0, updated: 0, refused: 0 };

  constructor(pool: pg.Pool, root: string, aggregateLimit: number) {
    this.#pool = pool;
    this.#root = root;
    this.#aggregateLimit = aggregateLimit;
  }

  readOptions(headers: Record<string, string | undefined>): ReadOptions {
    const prefer = preferences(headers['prefer']);
    return {
      root: this.#root,
      exact: isExact(headers['accept']),
      annotations: prefer.has('odata.include-annotations'),
      pageSize: Math.min(5000, Math.max(1, Number(prefer.get('odata.maxpagesize') ?? 5000))),
      aggregateLimit: this.#aggregateLimit,
    };
  }

  async read(path: string, query: URLSearchParams, headers: Record<string, string | undefined>): Promise<Answer> {
    const options = this.readOptions(headers);
    const ok = (body: string): Answer => ({ status: 200, headers: {}, body, contentId: null });
    const set = bySet.get(path);
    if (set) return ok(await readSet(this.#pool, set, query, options));
    const keyed = parseKey(path);
    if (!keyed) throw problems.noResource(path);
    const select = query.get('$select')?.split(',') ?? null;
    const { rows } = await this.#pool.query<{ row: string }>(
      `SELECT ${rowJson(keyed.set, select, options)} AS row FROM "${keyed.set.set}" WHERE "${keyed.key.property}" = $1`,
      [keyed.key.value],
    );
    if (!rows[0]) throw problems.notFound(keyed.set.type);
    return ok(rows[0].row);
  }

  async #operate(
    client: Client,
    operation: Operation,
    ids: ReadonlyMap<string, string>,
  ): Promise<Answer & { id: string }> {
    this.stats.operations += 1;
    const relative = operation.url.startsWith(this.#root) ? operation.url.slice(this.#root.length + 1) : operation.url;
    const [rawPath = '', search = ''] = relative.split('?');
    const path = decodeURIComponent(rawPath)
      .replace(/^\/api\/data\/v9\.2\//, '')
      .replace(/^\//, '');
    const query = new URLSearchParams(search);
    if (operation.method === 'GET')
      return { ...(await this.read(path, query, operation.headers)), contentId: operation.contentId, id: '' };

    const reference = /^(.*)\/(\w+)\/\$ref$/.exec(path);
    const keyed = parseKey(reference?.[1] ?? path);
    const set = keyed?.set ?? bySet.get(path);
    if (!set) throw problems.noResource(path);
    let body = parseBody(operation.body, operation.headers['content-type']);
    let method = operation.method;
    if (reference) {
      body = { [`${reference[2]}@odata.bind`]: method === 'DELETE' ? null : body['@odata.id'] };
      method = 'PATCH';
    }
    for (const [name, value] of Object.entries(body)) {
      if (name.endsWith('@odata.bind') && typeof value === 'string' && value.startsWith('$'))
        body[name] = ids.get(value.slice(1)) ?? value;
    }
    const prefer = preferences(operation.headers['prefer']);
    const represent = prefer.get('return') === 'representation';
    const written: Written = await write(client, {
      method: method as Write['method'],
      set,
      key: keyed?.key ?? null,
      body,
      ifMatch: reference ? '*' : (operation.headers['if-match'] ?? null),
      ifNoneMatch: operation.headers['if-none-match'] ?? null,
      representation: represent
        ? { select: query.get('$select')?.split(',') ?? null, exact: isExact(operation.headers['accept']) }
        : null,
    });
    if (written.status === 201) this.stats.created += 1;
    else this.stats.updated += 1;
    const entity = `${this.#root}/${set.set}(${written.id})`;
    const headers: Record<string, string> = written.id === '' ? {} : { 'OData-EntityId': entity };
    if (written.status === 201) headers['Location'] = entity;
    return {
      status: written.status,
      headers,
      body: written.body ?? '',
      contentId: operation.contentId,
      id: `/${set.set}(${written.id})`,
    };
  }

  /** One request outside of a batch. */
  async single(operation: Operation): Promise<Answer> {
    return this.#operate(this.#pool, operation, new Map());
  }

  async #changeset(operations: readonly Operation[], fault: FaultRule | null): Promise<Answer[] | Answer> {
    // A single statement is atomic by itself: no transaction to open and close around it.
    const alone = operations.length === 1 && fault?.kind !== 'false-success';
    const client = alone ? null : await this.#pool.connect();
    let current: string | null = null;
    try {
      if (client) await client.query('BEGIN');
      const answers: Answer[] = [];
      const ids = new Map<string, string>();
      for (const operation of operations) {
        current = operation.contentId;
        const answer = await this.#operate(client ?? this.#pool, operation, ids);
        if (operation.contentId !== null) ids.set(operation.contentId, answer.id);
        answers.push(answer);
      }
      if (fault?.kind === 'false-success') {
        await client?.query('ROLLBACK');
        return answers;
      }
      await client?.query('COMMIT');
      return answers;
    } catch (error) {
      await client?.query('ROLLBACK');
      this.stats.refused += 1;
      if (fault?.kind === 'duplicate-as-500' && error instanceof ODataProblem && error.status === 412) {
        return problemAnswer(new ODataProblem(500, error.code, error.message), current);
      }
      return problemAnswer(error, current);
    } finally {
      client?.release();
    }
  }

  /** @returns the multipart answer and how many rows the batch wrote */
  async batch(
    text: string,
    contentType: string,
    prefer: string | undefined,
    fault: FaultRule | null,
  ): Promise<{ body: string; boundary: string; rows: number }> {
    this.stats.batches += 1;
    const parts = parseBatch(text, boundaryOf(contentType));
    const rows = parts.reduce((sum, part) => sum + (part.kind === 'single' ? 1 : part.operations.length), 0);
    if (rows > BatchLimit) throw problems.syntax(`a batch may hold ${BatchLimit} operations`);
    const goOn = preferences(prefer).has('odata.continue-on-error');
    const answers: (Answer | Answer[])[] = [];
    for (const part of parts) {
      let answer: Answer | Answer[];
      if (part.kind === 'changeset') answer = await this.#changeset(part.operations, fault);
      else {
        const result = await this.#changeset([part.operation], fault);
        answer = Array.isArray(result) ? (result[0] ?? problemAnswer(null)) : result;
      }
      answers.push(answer);
      if (!goOn && !Array.isArray(answer) && answer.status >= 400) break;
    }
    const boundary = `batchresponse_${this.stats.batches}`;
    return { body: writeBatch(answers, boundary), boundary, rows };
  }

  findId(path: string): Promise<string | null> {
    const keyed = parseKey(path);
    if (!keyed) throw problems.noResource(path);
    return findId(this.#pool, keyed.set, keyed.key);
  }
}
