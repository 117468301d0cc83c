import { z } from 'zod';
import { SecretRef } from '../../model/names.ts';

const Auth = z.discriminatedUnion('kind', [
  z.strictObject({
    /** Client credentials (RFC 6749, 4.4). */
    kind: z.literal('oauth2'),
    /** Where tokens come from. */
    tokenUrl: z.url(),
    /** The client’s id: for Dataverse that of the application user. */
    clientId: z.string().min(1),
    /** The client’s secret. */
    clientSecret: SecretRef,
    /** What the token is for. For Dataverse the environment’s URL with `/.default`. */
    scope: z.string().optional(),
  }),
  z.strictObject({
    /** Name and password with every request (RFC 7617). */
    kind: z.literal('basic'),
    /** Who signs in. */
    user: z.string().min(1),
    /** The user’s password. */
    password: SecretRef,
  }),
  z.strictObject({
    /** Nobody signs in. */
    kind: z.literal('none'),
  }),
]);

const Timeouts = z.strictObject({
  /** Silence after which a request is given up, in milliseconds. Dataverse itself ends a request after two minutes. */
  requestMs: z.int().min(100).default(120_000),
  /** Tries of one request that is told to wait, or of a reading one that failed for a passing reason. */
  tries: z.int().min(1).default(5),
  /** The longest that one request waits, over all of its tries, before the caller hears of it. */
  waitMs: z.int().min(0).default(60_000),
});

/** How an OData V4 service is reached, and what it can take. */
export const Settings = z
  .strictObject({
    /** An OData V4 service. */
    kind: z.literal('odata-v4'),
    /** The service root: `https://contoso.crm4.dynamics.com/api/data/v9.2`. */
    url: z.url({ protocol: /^https?$/ }),
    auth: Auth,
    /** `dataverse` knows its alternate keys, lookups, file columns and limits; `plain` keeps to the OData standard. */
    dialect: z.enum(['dataverse', 'plain']).default('dataverse'),
    timeouts: Timeouts.prefault({}),
    /** Documents a request. Dataverse takes at most 1000 operations, and its own guidance is to stay well below. */
    batchLimit: z.int().min(1).max(900).default(100),
    /** Rows a page when reading. Dataverse gives at most 5000. */
    pageRows: z.int().min(1).max(5000).default(5000),
    /** After which time a request that was sent can no longer take effect, in milliseconds. */
    settlingMs: z.int().min(0).default(150_000),
    /** Connections that one worker holds open. */
    connections: z.int().min(1).default(16),
    /** A row whose value says that this system is the system of record: written by the cut-over's last step. */
    liveMark: z
      .strictObject({
        /** The collection that the row is in. */
        collection: z.string().min(1),
        /** The collection’s key property. */
        id: z.string().min(1),
        /** The property that the row is found by. */
        keyProperty: z.string().min(1),
        /** The value of that property. */
        key: z.string().min(1),
        /** The property that receives the run and the digest of its report. */
        property: z.string().min(1),
      })
      .optional(),
    /** Sent with every request, for example `MSCRM.SuppressCallbackRegistrationExpanderJob`. */
    headers: z.record(z.string(), z.string()).default({}),
  })
  .refine((settings) => settings.settlingMs >= settings.timeouts.requestMs, {
    path: ['settlingMs'],
    message: 'must be at least timeouts.requestMs: a request still under way has not settled',
  });
export type Settings = z.infer<typeof Settings>;
export type SettingsInput = z.input<typeof Settings>;
