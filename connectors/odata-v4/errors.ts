import { LandfallError, type ErrorKind, type LandfallErrorParts } from '../../model/errors.ts';

type Entry = [code: string, kind: ErrorKind, what: string, hint: string];

const certificate: Entry = [
  'target.certificate',
  'permanent',
  'The target’s certificate is not trusted.',
  'Check the host in `url`; for a private authority set NODE_EXTRA_CA_CERTS.',
];
const notTls: Entry = [
  'target.certificate',
  'permanent',
  'The other side does not speak TLS at that port.',
  'Check whether `url` should start with http:// or name another port.',
];
const unreachable: Entry = [
  'target.refused',
  'transient',
  'Nothing answers at that host and port.',
  'Check the host and port in `url`, the VPN and the firewall.',
];

/** System error codes of requests that never reached the service: nothing was written. */
const beforeSending: Record<string, Entry> = {
  // A name that a VPN resolves is unknown for as long as the VPN is down.
  ENOTFOUND: ['target.host', 'transient', 'The host name is not known.', 'Check the host in `url`, or the VPN.'],
  EAI_AGAIN: ['target.host', 'transient', 'The host name cannot be looked up now.', 'Check `url`, the VPN, or DNS.'],
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  CERT_HAS_EXPIRED: certificate,
  ERR_TLS_CERT_ALTNAME_INVALID: certificate,
  EPROTO: notTls,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
};

const timeout: Entry = [
  'target.timeout',
  'transient',
  'The target did not answer in time.',
  'Lower `batchLimit` or raise `timeouts.requestMs`, and with it `settlingMs`.',
];
const cut: Entry = [
  'target.reset',
  'transient',
  'The connection to the target was cut.',
  'Landfall looks up what became of the rows; check the network if it goes on.',
];

/** A request that did not bring an answer. */
export class RequestFailed extends LandfallError {
  /** Whether the service may have received it, and so may have written. */
  readonly mayHaveArrived: boolean;

  constructor(parts: LandfallErrorParts, mayHaveArrived: boolean) {
    super(parts);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/**
 * Turns what the HTTP client threw into an error with place and remedy. Its own words stay confidential.
 *
 * @param writes false for requests that cannot have written, such as those for a token
 */
export function transportError(error: unknown, where: object, writes = true): RequestFailed {
  if (error instanceof RequestFailed) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  const early = beforeSending[code];
  const late = code === 'ETIMEDOUT' || code === 'ECONNABORTED' ? timeout : cut;
  const [name, kind, what, hint] = early ?? late;
  // The client's error itself is left behind: it holds the token and the rows.
  const parts = { code: name, kind, what, where: { ...where }, hint, confidential: message };
  return new RequestFailed(parts, writes && early === undefined);
}

const byStatus: Record<number, Entry> = {
  401: [
    'target.unauthorised',
    'unauthorised',
    'The target does not accept the credentials.',
    'Check `auth`: the client, its secret, and that it is registered as an application user.',
  ],
  403: [
    'target.forbidden',
    'unauthorised',
    'The target’s user may not do this.',
    'Give the application user a security role that covers the collections of the blueprint.',
  ],
  404: [
    'target.not-found',
    'permanent',
    'There is nothing at that address.',
    'Check the path of `url`: it must be the service root, such as …/api/data/v9.2.',
  ],
  413: ['target.too-large', 'permanent', 'The request is too large for the target.', 'Lower `batchLimit`.'],
};

/** The error of an OData answer (OData JSON Format 4.0, 19 Error Response), if it is one. */
export function errorBody(text: string): { code: string; message: string } | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const error = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : null;
    if (typeof error !== 'object' || error === null) return null;
    const code = 'code' in error ? String(error.code) : '';
    const message = 'message' in error ? String(error.message) : '';
    return { code, message };
  } catch {
    return null;
  }
}

/** The error for an answer that is not a success. What the service wrote stays confidential: it may quote values. */
export function statusError(status: number, text: string, where: object, retryAfterMs?: number): LandfallError {
  const said = errorBody(text);
  const throttled: Entry | undefined =
    status === 429 || retryAfterMs !== undefined
      ? ['target.throttled', 'throttled', 'The target asks to wait.', 'Landfall waits; lower `targetConcurrency`.']
      : undefined;
  const other: Entry =
    status >= 500
      ? ['target.failed', 'transient', `The target failed (HTTP ${status}).`, 'Landfall tries again.']
      : [
          'target.bad-request',
          'permanent',
          `The target refused a request (HTTP ${status}${said?.code ? `, code ${said.code}` : ''}).`,
          'The target’s own words are with the run’s staged failures; check the blueprint with `landfall check`.',
        ];
  const [code, kind, what, hint] = throttled ?? byStatus[status] ?? other;
  return new LandfallError({
    code,
    kind,
    what,
    where: { ...where, status },
    hint,
    confidential: text.slice(0, 2000),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The error for an answer that is not what the protocol promises. */
export function protocolError(what: string, where: object): LandfallError {
  return new LandfallError({
    code: 'target.not-odata',
    kind: 'permanent',
    what,
    where: { ...where },
    hint: 'Check that `url` is the root of an OData V4 service, without a proxy’s login page in between.',
  });
}
