import { z } from 'zod';

/** Names of entities, migrations, connections, people: they become parts of paths and workflow ids. */
export const NamePattern = /^[a-z][a-zA-Z0-9]*(?:[-_][a-zA-Z0-9]+)*$/;

/** A short name that is safe in a path, a workflow id and a search attribute. */
export const Name = z
  .string()
  .max(60)
  .regex(NamePattern, 'must start with a lower-case letter and hold only letters, digits, - and _');

/** A run is named by its migration, its kind and a serial that the person starting it may choose. */
export const RunId = z
  .string()
  .max(120)
  .regex(/^[a-z][a-zA-Z0-9_-]*$/)
  .brand<'RunId'>();
export type RunId = z.infer<typeof RunId>;

/** SHA-256 in lower-case hexadecimal. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** How careful one must be with a field. `restricted` fields lie in a side file with a key of their own. */
export const Classification = z.enum(['public', 'internal', 'personal', 'restricted']);
export type Classification = z.infer<typeof Classification>;

const severity: Record<Classification, number> = { public: 0, internal: 1, personal: 2, restricted: 3 };

/** The stricter of several classifications: what an expression over them inherits. */
export function strictest(of: readonly Classification[]): Classification {
  return of.reduce<Classification>((worst, next) => (severity[next] > severity[worst] ? next : worst), 'public');
}

/** Secrets appear in configuration only as references. */
export const SecretRef = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type SecretRef = z.infer<typeof SecretRef>;
