/** A refusal as Dataverse words it: an HTTP status, its own code, and a message (which may quote the value). */
export class ODataProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const problems = {
  notFound: (what: string) => new ODataProblem(404, '0x80040217', `${what} Does Not Exist`),
  noResource: (path: string) => new ODataProblem(404, '0x8006088a', `Resource not found for the segment '${path}'.`),
  undeclared: (type: string, name: string) =>
    new ODataProblem(
      400,
      '0x80048d19',
      `Invalid property '${name}' was found in entity 'Microsoft.Dynamics.CRM.${type}'. The property is undeclared.`,
    ),
  badValue: (name: string, type: string) =>
    new ODataProblem(400, '0x80048d19', `Cannot convert the literal of '${name}' to the expected type 'Edm.${type}'.`),
  tooLong: (type: string, name: string, max: number) =>
    new ODataProblem(
      400,
      '0x80044331',
      `A validation error occurred. The length of the '${name}' attribute of the '${type}' entity exceeded the maximum allowed length of '${max}'.`,
    ),
  badCharacter: (name: string) =>
    new ODataProblem(
      400,
      '0x80040278',
      `Invalid character in field '${name}': hexadecimal value is an invalid character.`,
    ),
  outOfRange: (name: string) =>
    new ODataProblem(
      400,
      '0x80044330',
      `A validation error occurred. The value of '${name}' is outside the valid range.`,
    ),
  missing: (name: string) => new ODataProblem(400, '0x80040227', `Attribute '${name}' cannot be NULL.`),
  duplicate: (key: string) =>
    new ODataProblem(412, '0x80060892', `A record that has the attribute values ${key} already exists.`),
  precondition: () => new ODataProblem(412, '0x80060882', 'The version of the existing record does not match.'),
  exists: () => new ODataProblem(412, '0x80040237', 'A record with matching key values already exists.'),
  aggregateLimit: () =>
    new ODataProblem(400, '0x8004e023', 'The maximum record limit is exceeded. Reduce the number of records.'),
  syntax: (what: string) => new ODataProblem(400, '0x80060888', `Syntax error: ${what}`),
  unauthorised: () => new ODataProblem(401, '', 'Unauthorized', { 'WWW-Authenticate': 'Bearer error="invalid_token"' }),
  busy: (seconds: number, code = '0x80072322') =>
    new ODataProblem(429, code, 'Number of requests exceeded the limit.', { 'Retry-After': String(seconds) }),
  unavailable: (seconds: number) =>
    new ODataProblem(503, '', 'The service is unavailable.', { 'Retry-After': String(seconds) }),
};
