import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type WireFault = 'reset-before-commit' | 'reset-after-commit' | 'reversed-answers';

/** A wire to PostgreSQL that understands enough of the protocol to fail where it hurts. */
export interface PostgresWire {
  readonly port: number;
  /** What happens to the next transaction that commits. */
  arm(fault: WireFault): void;
  stop(): Promise<void>;
}

const dataRow = 'D'.codePointAt(0);

/** Splits a stream into messages (PostgreSQL manual, 54.7 Message Formats). @param untyped messages without a type byte */
function messages(untyped: number, each: (message: Buffer, type: number | undefined) => void): (piece: Buffer) => void {
  let held = Buffer.alloc(0);
  let bare = untyped;
  return (piece) => {
    held = Buffer.concat([held, piece]);
    for (;;) {
      const head = bare > 0 ? 0 : 1;
      if (held.length < head + 4) return;
      const length = head + held.readInt32BE(head);
      if (held.length < length) return;
      const message = held.subarray(0, length);
      held = held.subarray(length);
      if (bare > 0) bare -= 1;
      each(message, head === 0 ? undefined : message[0]);
    }
  };
}

export async function openPostgresWire(upstream: number): Promise<PostgresWire> {
  let armed: WireFault | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const far = connect(upstream, '127.0.0.1');
    let swallowing = false;
    let rows: Buffer[] = [];
    const cut = (): void => {
      client.destroy();
      far.destroy();
    };
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on(
      'data',
      messages(1, (message, type) => {
        const commits = type === 'Q'.codePointAt(0) && message.toString('utf8', 5).startsWith('COMMIT');
        const fault = commits ? armed : null;
        if (commits) armed = null;
        if (fault === 'reset-before-commit') return cut();
        if (fault === 'reset-after-commit') swallowing = true;
        far.write(message);
      }),
    );
    far.on(
      'data',
      messages(0, (message, type) => {
        if (swallowing) return cut();
        if (armed === 'reversed-answers' && type === dataRow) return void rows.push(message);
        for (const row of rows.toReversed()) client.write(row);
        rows = [];
        client.write(message);
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    arm: (fault) => void (armed = fault),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
