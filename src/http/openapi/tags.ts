export const TAGS = [
  {
    name: 'Authentication',
    description:
      'Accounts and sessions: register, log in, refresh, log out; confirm an address; recover or change a password. ' +
      'Log in, then send the access token as `Authorization: Bearer <access_token>`. When it has expired, exchange the ' +
      'refresh token for the next pair.',
  },
  { name: 'Users', description: 'Your own account: profile, address, activity, export, deletion.' },
  {
    name: 'Tasks',
    description: 'Your own tasks. They are the example: a team adds its own nouns after their pattern.',
  },
  { name: 'Timeline', description: 'People, posts, the home timeline and its stream.' },
  { name: 'Administration', description: 'For moderators and admins: accounts, posts, figures and the audit.' },
  { name: 'Operations', description: 'Health checks and public keys, for machines.' },
];

export const ABOUT = [
  'Accounts and sessions, tasks, and a social timeline.',
  '**Versions.** The same routes answer at `/api/…`, which always means the current version.',
  '**Errors** are problem documents (RFC 9457). `code` is a stable word, and `type` the address of a page about it. ' +
    'Invalid input is 422 with `errors`, each with a JSON Pointer to its field; under `/auth` it is 400.',
  '**Pages.** Lists have a `limit` and a `cursor`. The `Link` header has the next page, `rel="next"`; it is absent on ' +
    'the last.',
  '**Scripts** use personal access tokens (`POST /auth/tokens`) in the place of access tokens. Each operation names the scope that ' +
    'it needs; one without a scope is closed to them.',
  '**Repeats.** A POST that creates something takes an `Idempotency-Key`: sent again with it, the request is done once, and the ' +
    'first answer is given again.',
  '**Limits.** Each answer has `RateLimit` and `RateLimit-Policy`. 429 and 503 have `Retry-After`, in seconds; 429 ' +
    'also names the exceeded limits in `violated-policies`.',
].join('\n\n');
