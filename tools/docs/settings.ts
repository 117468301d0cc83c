import { z } from 'zod';

/** One setting as a reader sees it. */
export interface Setting {
  /** Its place: `temporal.address`, `people.NAME.roles`. */
  path: string[];
  type: string;
  /** As it is written; null where there is none. */
  preset: string | null;
  required: boolean;
}

const Property: z.ZodType<Property> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    format: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    default: z.unknown().optional(),
    properties: z.record(z.string(), Property).optional(),
    additionalProperties: z.union([z.boolean(), Property]).optional(),
    required: z.array(z.string()).optional(),
    items: Property.optional(),
    anyOf: z.array(Property).optional(),
    oneOf: z.array(Property).optional(),
  }),
);

/** As much of JSON Schema as zod writes for settings. */
interface Property {
  type?: string | undefined;
  const?: unknown;
  enum?: unknown[] | undefined;
  format?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  default?: unknown;
  properties?: Record<string, Property> | undefined;
  additionalProperties?: boolean | Property | undefined;
  required?: string[] | undefined;
  items?: Property | undefined;
  anyOf?: Property[] | undefined;
  oneOf?: Property[] | undefined;
}

/** A key that stands for whatever the user calls it. */
export const Any = 'NAME';

const isSecret = ({ anyOf = [] }: Property): boolean =>
  anyOf.map((one) => Object.keys(one.properties ?? {}).join()).join(' ') === 'env file';

const written = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

function bounds({ minimum, maximum }: Property): string {
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (low && high) return `, ${minimum} to ${maximum}`;
  if (low) return minimum === 0 ? ', 0 or more' : `, ${minimum} or more`;
  return high ? `, at most ${maximum}` : '';
}

function typeOf(of: Property): string {
  if (isSecret(of)) return 'secret';
  if (of.const !== undefined) return `\`${written(of.const)}\``;
  if (of.enum) return of.enum.map((one) => `\`${written(one)}\``).join(', ');
  if (of.anyOf) return of.anyOf.map(typeOf).join(' or ');
  if (of.items) return `list of ${typeOf(of.items)}`;
  if (of.format === 'uri') return 'address (URL)';
  if (of.format === 'email') return 'e-mail address';
  if (of.format === 'starts_with') return 'text';
  if (of.type === 'integer') return `whole number${bounds(of)}`;
  if (of.properties) return `\`{ ${Object.keys(of.properties).join(', ')} }\``;
  if (of.additionalProperties !== undefined) return 'names and values';
  return { string: 'text', boolean: '`true`, `false`', null: '`null`' }[of.type ?? ''] ?? of.type ?? 'anything';
}

function presetOf(of: Property): string | null {
  return of.default === undefined || (typeof of.default === 'object' && of.default !== null)
    ? null
    : written(of.default);
}

/** Flattens what is below a key, variants of an object one after the other. */
function below(path: string[], of: Property, required: boolean): Setting[] {
  const { properties, additionalProperties: any, oneOf } = of;
  if (oneOf) return oneOf.flatMap((one) => below(path, one, required));
  if (properties && path.at(-1) !== 'publicKey') {
    return Object.entries(properties).flatMap(([name, one]) =>
      below([...path, name], one, of.required?.includes(name) ?? false),
    );
  }
  if (typeof any === 'object' && any.properties) return below([...path, Any], any, required);
  return [{ path, type: typeOf(of), preset: presetOf(of), required }];
}

/** Every setting that a schema knows, in its order. */
export function settingsOf(schema: z.ZodType): Setting[] {
  return below([], Property.parse(z.toJSONSchema(schema, { io: 'input' })), true);
}
