import { odataV4 } from './odata-v4/index.ts';
import type { ConnectorKind } from './port.ts';
import { postgres } from './postgres/index.ts';

/** Every kind of system Landfall can connect to. Adding one is a folder here and a line below. */
export const connectors: readonly ConnectorKind[] = [odataV4, postgres];
