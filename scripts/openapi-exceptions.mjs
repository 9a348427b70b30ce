/** Findings of the linters that are intended, each with its reason. `at` is a pattern of a path into the document. */
const OPEN = '^/paths/(/health/|/.well-known/|/api/v1/auth/(register|login|refresh|logout|password/|email/))';

export const EXCEPTIONS = [
  {
    rule: 'owasp:api1:2023-no-numeric-ids',
    at: '_id}/',
    why: 'Ids of tasks are integers by contract, and so are those of the nouns that are made after them.',
    mayMatchNothing: true,
  },
  {
    rule: 'owasp:api2:2023-write-restricted',
    at: OPEN,
    why: 'These routes give the tokens, or are asked with a mailed one.',
  },
  { rule: 'owasp:api2:2023-read-restricted', at: OPEN, why: 'Probes and verifiers of tokens have no account.' },
  { rule: 'owasp:api8:2023-define-error-responses-401', at: OPEN, why: 'No token, so none that is refused.' },
  {
    rule: 'owasp:api8:2023-define-error-validation',
    at: '^/paths/',
    why: 'Some routes take neither a body nor a query. An id in a path that names nothing is 404.',
  },
  {
    rule: 'owasp:api8:2023-define-cors-origin',
    at: '^/(paths|components)/',
    why: 'Access-Control-Allow-Origin is sent to the origins of CORS_ORIGINS only; there are none by default.',
  },
  { rule: /-rate-limit|-responses-(429|500)/, at: '^/paths//health/', why: 'Probes are not limited, and ask nothing.' },
  { rule: 'operation-4xx-response', at: '^/paths//health/', why: 'A probe cannot be asked wrongly.' },
  {
    rule: 'owasp:api4:2023-string-restricted',
    at: '.',
    why: 'Names, texts, messages and tokens have no pattern. Each has a length.',
  },
  {
    rule: /owasp:api4:2023-(string|array)-limit/,
    at: '/timeline/stream/|/users/me/export/|ExportResponse',
    why: 'These have no bound.',
  },
  { rule: /owasp:api9:2023-inventory/, at: '^/servers/', why: 'Where a team runs it is not known here.' },
  {
    rule: 'oas3-operation-security-defined',
    at: '/personal_access_token/',
    why: 'OpenAPI 3.1 has a place for scopes in operations, but lists them in schemes of OAuth only: there they are in x-scopes.',
  },
  { rule: /contact/, at: '^/info', why: 'Whom to ask is for the team to say.' },
];
