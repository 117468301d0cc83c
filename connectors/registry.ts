import type { ConnectorKind } from './port.ts';

/** Every kind of system Landfall can connect to. Adding one is a folder here and a line below. */
export const connectors: readonly ConnectorKind[] = [];
