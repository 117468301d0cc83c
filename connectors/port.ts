/**
 * What Landfall asks of other systems, in small capabilities. A connector implements those it can; the registry and the
 * capability matrix follow from which are there. Connectors throw LandfallErrors and know nothing of Temporal.
 */
export type * from './port/kind.ts';
export type * from './port/shared.ts';
export type * from './port/source.ts';
export type * from './port/target.ts';
