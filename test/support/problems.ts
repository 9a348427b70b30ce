/** What every error has to look like, wherever in the stack it arose. */
export interface Erroneous {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const INTERNALS =
  /node_modules|\bat \S+ \(|SELECT|INSERT|relation|constraint|FST_|HPE_|ERR_|Exception|fastify|nestjs|postgres/i;

export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** RFC 9457, and nothing that tells what Roost is made of. */
export function expectProblem(answer: Erroneous, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expectHardened(answer);
  const problem = JSON.parse(answer.text) as Record<string, unknown>;
  expect(problem).toEqual({
    type: expect.stringMatching(new RegExp(`^(?:/\\w+)?/problems/${code}$`)),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
    request_id: answer.headers.get('x-request-id'),
    ...('errors' in problem && { errors: expect.any(Array) }),
    ...(code === 'step_up_required' && { proofs: expect.any(Array) }),
    ...(status === 429 && { 'violated-policies': expect.any(Array) }),
    ...(status === 503 && 'violated-policies' in problem && { 'violated-policies': expect.any(Array) }),
  });
  expect(answer.text).not.toMatch(INTERNALS);
}

/** The headers that every answer carries, and those that none does. */
export function expectHardened({ headers }: Erroneous): void {
  expect(Object.fromEntries(headers)).toMatchObject(SECURITY_HEADERS);
  expect(headers.get('x-request-id')).toMatch(UUID);
  expect(headers.get('cache-control')).toMatch(/^no-store(?:, no-transform)?$/);
  expect(headers.has('server')).toBe(false);
  expect(headers.has('x-powered-by')).toBe(false);
}
