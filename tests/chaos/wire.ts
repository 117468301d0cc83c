import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire between a worker and a server, which can be cut, stalled and half closed. */
export interface Wire {
  readonly port: number;
  /** Where it leads; what connects before is refused. */
  to(port: number): void;
  /** Ends every connection at once, and refuses new ones for so long. */
  drop(ms: number): void;
  /** Carries nothing for so long; connections stay open. */
  stall(ms: number): void;
  /** Tells each client that the server has ended its side, while the server knows nothing of it. */
  halfClose(): void;
  /** Cuts the next connection over which a client sends so many bytes. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

/** Opens a wire on 127.0.0.1. */
export async function openWire(): Promise<Wire> {
  const pairs = new Map<Socket, Socket>();
  let upstream = 0;
  let refusedUntil = 0;
  let stalledUntil = 0;
  let cutting: number | null = null;

  const carry = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    from.on('data', (piece: Buffer) => {
      count(piece.length);
      const wait = stalledUntil - Date.now();
      if (wait > 0) {
        from.pause();
        setTimeout(() => from.resume(), wait).unref();
      }
      // What is carried late is still carried whole and in order: only the reading of more waits.
      if (!to.destroyed && !to.writableEnded && !to.write(piece)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => {});
    if (upstream === 0 || Date.now() < refusedUntil) return void client.destroy();
    const far = connect({ port: upstream, host: '127.0.0.1', allowHalfOpen: true });
    pairs.set(client, far);
    client.on('close', () => pairs.delete(client));
    let sent = 0;
    carry(client, far, (bytes) => {
      sent += bytes;
      if (cutting === null || sent < cutting) return;
      cutting = null;
      client.destroy();
      far.destroy();
    });
    carry(far, client, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    to: (port) => void (upstream = port),
    drop(ms) {
      refusedUntil = Date.now() + ms;
      for (const [client, far] of pairs) {
        client.destroy();
        far.destroy();
      }
    },
    stall(ms) {
      stalledUntil = Date.now() + ms;
      for (const socket of [...pairs].flat()) {
        socket.pause();
        setTimeout(() => socket.resume(), ms).unref();
      }
    },
    halfClose() {
      for (const client of pairs.keys()) client.end();
    },
    cutAfter: (bytes) => void (cutting = bytes),
    async close() {
      for (const [client, far] of pairs) {
        client.destroy();
        far.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
