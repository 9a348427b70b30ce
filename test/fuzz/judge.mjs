/** What must hold of every answer. */
import { assertDocumented, assertProblem } from '../support/documented.mjs';

const INTERNALS =
  /node_modules|\bat \S+ \(|\bSELECT\b|\bINSERT\b|\brelation\b|\bconstraint\b|FST_|HPE_|\bERR_|Exception|fastify|nestjs|postgres/i;
const HASH = /\$2[aby]\$\d\d\$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** The server's bound, of which paths get what other fields leave. */
const HEAD_BYTES = 16_384;
/** They give tokens to their owner. */
const GIVES_TOKENS = /^(?:login|completeLogin|completePasskeyLogin|refreshTokens|createToken)$/;
/** Of an address that cannot be routed, before any operation is found. */
const UNROUTED = new Set([400, 404, 405, 413, 414, 415]);
/** Of a body that an operation does not take, and which is read all the same. `default` in openapi.json covers them. */
const UNREADABLE = new Set([400, 413, 415]);

/** @returns {string[]} what is wrong */
export function judge(sent, answer, secrets) {
  const faults = [documentFault(sent, answer)];
  if (answer.status >= 500) faults.push(`answered ${answer.status} ${answer.body?.code}`);
  if (answer.status >= 400 && INTERNALS.test(told(answer))) faults.push(`shows what Roost is made of: ${told(answer)}`);
  if (HASH.test(answer.text)) faults.push('shows a hash');
  if (!(GIVES_TOKENS.test(sent.operation) && answer.status < 300)) {
    const shown = [...secrets].find((secret) => answer.text.includes(secret));
    if (shown !== undefined) faults.push(`shows a secret: ${shown}`);
  }
  for (const [name, pattern] of HEADERS)
    if (!pattern.test(answer.headers.get(name) ?? ''))
      faults.push(`has the header ${name}: ${answer.headers.get(name)}`);
  if ({}.polluted !== undefined) faults.push('pollutes Object.prototype');
  return faults.filter((fault) => fault !== undefined);
}

const HEADERS = [
  ['x-content-type-options', /^nosniff$/],
  ['x-request-id', UUID],
  ['cache-control', /^no-store(?:, no-transform)?$/],
  ['content-security-policy', /^default-src 'none'/],
];

function documentFault({ method, path, body, takesBody }, answer) {
  try {
    const isUnrouted = isBroken(path) && UNROUTED.has(answer.status);
    const isUnreadable = body !== undefined && !takesBody && UNREADABLE.has(answer.status);
    const isTooLarge = path.length > HEAD_BYTES / 2 && answer.status === 431;
    if (isUnrouted || isUnreadable || isTooLarge) assertProblem(answer, `${method} ${path}`);
    else if (method !== 'OPTIONS') assertDocumented(method, path, answer);
  } catch (error) {
    return error.message;
  }
  return undefined;
}

/** Whether it cannot be decoded, or a segment is empty or has more characters than the router takes. */
function isBroken(path) {
  const [bare, query = ''] = path.split('?');
  const [, ...segments] = bare.split('/');
  try {
    decodeURIComponent(query);
    return segments
      .map((segment) => decodeURIComponent(segment))
      .some((name) => name === '' || name.length > 100 || /[/\\]|^\.\.?$/.test(name));
  } catch {
    return true;
  }
}

/** Without what repeats the input. */
function told({ body, text }) {
  if (typeof body !== 'object' || body === null) return text;
  const { errors = [], ...rest } = body;
  return JSON.stringify([rest, errors.map(({ code, detail }) => [code, detail])]);
}
