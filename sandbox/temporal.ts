import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { LandfallError } from '../model/errors.ts';
import { freePort } from './postgres.ts';
import { temporalCli } from './temporal-cli.ts';

/** Numbers of `temporal.api.enums.v1.IndexedValueType`, under the names that the `temporal` command takes. */
const indexedValueTypes = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;
export type SearchAttributeTypeName = keyof typeof indexedValueTypes;

export interface TemporalOptions {
  log: (line: string) => void;
  /** gRPC port; absent or 0: a free one. */
  port?: number;
  /** Port of the web UI, 0 for a free one; absent: no UI. */
  uiPort?: number;
  /** Where the server keeps its state, so that a restart finds it again; absent: in memory. */
  dbFile?: string;
  /** Whether that file outlives the machine's end, and not only the server's; off for tests. */
  durable?: boolean;
  /** Made when it is not there yet; default `TEMPORAL_NAMESPACE`, else `default`. */
  namespace?: string;
  /** Registered before this resolves, also on a server that was given. */
  searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>>;
  /** Settings of a server that is started here, as `--dynamic-config-value` takes them. */
  dynamicConfig?: readonly string[];
  /** Start one here even where `TEMPORAL_ADDRESS` names another. */
  own?: boolean;
}

export interface ProvidedTemporal {
  /** `host:port` for clients and workers. */
  address: string;
  namespace: string;
  uiUrl: string | null;
  /** The server's process, when it was started here. */
  pid: number | null;
  /** Whether the server was started here; `stop()` leaves any other alone. */
  owned: boolean;
  stop(): Promise<void>;
}

const ReadyLimitMs = 30_000;
const StopLimitMs = 10_000;

/** The server polls its queues 20 times a second and shard unless told otherwise: 91 ms for each activity, not 14. */
const dynamicConfig = ['history.transferProcessorMaxPollRPS=1000', 'history.timerProcessorMaxPollRPS=1000'];

/**
 * Runs a command that ends with this process, however this process ends: its standard input closes, and the command is
 * told to stop. Prints the command's pid first.
 */
const Guarded = `
exec 3<&0
"$@" </dev/null >&2 3<&- &
pid=$!
echo "$pid"
{ while read -r _; do :; done <&3; kill "$pid"; } >/dev/null 2>&1 &
exec 3<&- >/dev/null
wait "$pid"`;

interface Started {
  pid: number;
  /** What it last wrote, once it has ended. */
  ended: () => string | null;
  stop(): Promise<void>;
}

async function start(program: string, args: string[]): Promise<Started> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  const shell = spawn('/bin/sh', ['-c', Guarded, 'sh', program, ...args], {
    env,
    // A group of its own, so that Ctrl-C in the terminal reaches it through stop() alone, in the right order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let over = false;
  shell.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-1500)));
  shell.stdin.on('error', () => {});
  const exit = once(shell, 'exit').finally(() => {
    over = true;
    shell.stdin.destroy();
  });
  const [line] = (await Promise.race([once(createInterface(shell.stdout), 'line'), exit])) as [string];
  const pid = Number(line);
  return {
    pid,
    ended: () => (over ? said.trim() : null),
    async stop() {
      if (over) return;
      signal(pid, 'SIGTERM');
      const timer = setTimeout(() => signal(pid, 'SIGKILL'), StopLimitMs);
      await exit.finally(() => clearTimeout(timer));
    },
  };
}

/** Sends a signal to a process that may be gone by now: its shell may be slower to say so than it was to end. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

interface Wanted {
  address: string;
  namespace: string;
  searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>;
}

/** Registers what is missing; throws while the server is not ready to be used. */
async function prepare({ address, namespace, searchAttributes }: Wanted, connectTimeout: number): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout });
  try {
    await connection.withDeadline(Date.now() + 5_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.entries(searchAttributes).filter(([name]) => !Object.hasOwn(customAttributes, name));
      if (missing.length > 0) {
        await connection.operatorService.addSearchAttributes({
          namespace,
          searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]])),
        });
      }
    });
  } finally {
    await connection.close();
  }
}

/** Repeats `prepare` until it holds, the server ends, or the time is up. */
async function ready(wanted: Wanted, ended: () => string | null): Promise<void> {
  const deadline = Date.now() + ReadyLimitMs;
  for (;;) {
    const said = ended();
    if (said !== null) throw new Error(`the server ended at once: ${said}`);
    try {
      // A connection that was refused waits a second before it tries again: a new one does not.
      await prepare(wanted, 300);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(100);
  }
}

async function given(wanted: Wanted): Promise<ProvidedTemporal> {
  try {
    await prepare(wanted, 3_000);
  } catch (error) {
    throw new LandfallError({
      code: 'sandbox.temporal-unreachable',
      kind: 'transient',
      what: `The Temporal server that TEMPORAL_ADDRESS names cannot be used: ${(error as Error).message}.`,
      where: { connection: wanted.address, namespace: wanted.namespace },
      hint:
        'Start that server and see that it has the namespace (`temporal operator namespace create`) and lets you register ' +
        'search attributes, or unset TEMPORAL_ADDRESS to have one started here.',
      cause: error,
    });
  }
  const { address, namespace } = wanted;
  return { address, namespace, uiUrl: null, pid: null, owned: false, stop: async () => {} };
}

/**
 * A Temporal server that is ready for use: the one that `TEMPORAL_ADDRESS` names, else a development server started here
 * on 127.0.0.1, which ends with this process.
 *
 * @throws LandfallError `sandbox.temporal-missing`, `sandbox.temporal-unreachable`, `sandbox.temporal-start`
 */
export async function provideTemporal(options: TemporalOptions): Promise<ProvidedTemporal> {
  const namespace = options.namespace ?? process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  const searchAttributes = options.searchAttributes ?? {};
  const address = process.env['TEMPORAL_ADDRESS'];
  if (!options.own && address !== undefined && address !== '') return given({ address, namespace, searchAttributes });

  const program = await temporalCli(options.log);
  const chosen = options.port ?? 0;
  for (let tries = 1; ; tries += 1) {
    const port = chosen || (await freePort());
    const uiPort = options.uiPort === 0 ? await freePort() : options.uiPort;
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', namespace];
    args.push('--log-level', 'error');
    args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
    if (options.dbFile !== undefined) args.push('--db-filename', options.dbFile);
    // A journal that is made anew and synced for each change takes a tenth of the server's time.
    if (options.durable === false)
      args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF');
    for (const value of [...dynamicConfig, ...(options.dynamicConfig ?? [])])
      args.push('--dynamic-config-value', value);
    for (const [name, type] of Object.entries(searchAttributes)) args.push('--search-attribute', `${name}=${type}`);

    const server = await start(program, args);
    const wanted = { address: `127.0.0.1:${port}`, namespace, searchAttributes };
    try {
      await ready(wanted, server.ended);
      const uiUrl = uiPort === undefined ? null : `http://127.0.0.1:${uiPort}`;
      return { address: wanted.address, namespace, uiUrl, pid: server.pid, owned: true, stop: () => server.stop() };
    } catch (error) {
      await server.stop();
      // Somebody else may have taken the port since it was found free.
      if (chosen === 0 && tries < 3 && /address already in use|can't set frontend port/i.test(String(error))) continue;
      throw new LandfallError({
        code: 'sandbox.temporal-start',
        kind: 'permanent',
        what: `The Temporal development server did not start: ${(error as Error).message}.`,
        where: { path: program, connection: wanted.address },
        hint: 'See that the port is free and the state file is writable, or set TEMPORAL_ADDRESS to a server that runs.',
        cause: error,
      });
    }
  }
}
