import { LandfallError } from '../../model/errors.ts';
import { serveCodec } from '../../worker/codec-endpoint.ts';
import { dataConverterOf } from '../../worker/payloads.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { sayEvent } from '../print.ts';

export async function codec(shared: Shared, options: { port: string; host: string; origin?: string[] }): Promise<void> {
  const { config, folder } = await loadConfig(shared.config);
  const [payloads] = dataConverterOf(config, folder).payloadCodecs ?? [];
  const pages = options.origin ?? (config.temporal.ui === undefined ? [] : [config.temporal.ui]);
  if (!payloads || pages.length === 0) {
    throw new LandfallError({
      code: payloads ? 'codec.origin' : 'codec.no-keys',
      kind: 'permanent',
      what: payloads ? 'No page is named that may ask.' : 'Nothing is encrypted: there are no payload keys.',
      where: { setting: payloads ? 'temporal.ui' : 'temporal.payloadKeys' },
      hint: payloads
        ? 'Set it to the Temporal UI’s address, or name pages with --origin.'
        : 'Set it to a list of keys.',
    });
  }
  const endpoint = await serveCodec({
    codec: payloads,
    host: options.host,
    port: Number(options.port),
    origins: pages.map((page) => new URL(page).origin),
    access: config.temporal.codecAccess,
  });
  sayEvent(`Give the Temporal UI this codec endpoint: ${endpoint.url}. Ctrl-C stops.`, shared);
  const stop = (): void => void endpoint.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
