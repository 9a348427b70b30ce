/** The one list of error codes, a contract with clients. Only problem.ts turns kinds into HTTP. */

export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'payload_too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'misdirected'
  | 'too_many_requests'
  | 'headers_too_large'
  | 'internal'
  | 'unavailable';

interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly detail: string;
}

export const ERRORS = {
  malformed_request: { kind: 'malformed', detail: 'The request could not be parsed.' },
  malformed_json: { kind: 'malformed', detail: 'The body is not valid JSON in UTF-8.' },
  json_too_deep: { kind: 'malformed', detail: 'The body is nested too deep.' },
  invalid_host: { kind: 'malformed', detail: 'The request needs exactly one valid Host header.' },
  unknown_host: {
    kind: 'misdirected',
    detail: 'This address answers to known host names only: add the name to ALLOWED_HOSTS.',
  },
  payload_too_large: { kind: 'payload_too_large', detail: 'The body is larger than 100 kB.' },
  uri_too_long: { kind: 'uri_too_long', detail: 'The address is too long.' },
  headers_too_large: { kind: 'headers_too_large', detail: 'The headers are too large.' },
  unsupported_media_type: {
    kind: 'unsupported_media_type',
    detail: 'The body must be sent as application/json in UTF-8, without a content encoding.',
  },
  expectation_failed: { kind: 'expectation_failed', detail: 'The only expectation that can be met is 100-continue.' },
  http_version_not_supported: { kind: 'malformed', detail: 'Use HTTP/1.1.' },
  request_timeout: { kind: 'request_timeout', detail: 'The request did not arrive in time.' },

  validation_failed: { kind: 'invalid', detail: 'Some fields are invalid.' },
  invalid_account_token: {
    kind: 'invalid',
    detail: 'The link was used, has expired, or there is a newer one: ask for another mail.',
  },
  invalid_confirmation_code: {
    kind: 'invalid',
    detail: 'The code is wrong, has expired or was tried too often: ask for another mail.',
  },

  authentication_required: {
    kind: 'unauthenticated',
    detail: 'This needs an access token: Authorization: Bearer <access_token>.',
  },
  invalid_token: { kind: 'unauthenticated', detail: 'The access token is not valid.' },
  token_expired: { kind: 'unauthenticated', detail: 'The access token has expired: refresh it.' },
  token_revoked: { kind: 'unauthenticated', detail: 'The session of this access token has ended: log in again.' },
  token_stale: {
    kind: 'unauthenticated',
    detail: 'The account has changed since this access token was made: refresh it.',
  },
  invalid_credentials: { kind: 'unauthenticated', detail: 'The account or the password is wrong.' },
  wrong_password: { kind: 'forbidden', detail: 'The current password is wrong.' },
  invalid_refresh_token: { kind: 'unauthenticated', detail: 'The refresh token is not valid: log in again.' },
  refresh_token_reused: {
    kind: 'unauthenticated',
    detail: 'The refresh token was used by two parties, so its session was ended: log in again.',
  },
  account_disabled: { kind: 'forbidden', detail: 'The account is disabled.' },
  account_deleted: { kind: 'forbidden', detail: 'The account was deleted by an admin, and is going to be erased.' },
  email_not_confirmed: { kind: 'forbidden', detail: 'The e-mail address is not confirmed yet: see your mail.' },
  insufficient_role: { kind: 'forbidden', detail: 'Your role does not allow this.' },
  own_account: { kind: 'forbidden', detail: 'This cannot be done to your own account.' },
  https_required: { kind: 'forbidden', detail: 'This server is reached over HTTPS only.' },
  metrics_forbidden: {
    kind: 'forbidden',
    detail: 'Metrics are for local and private addresses, or for the bearer of METRICS_TOKEN.',
  },

  route_not_found: { kind: 'not_found', detail: 'There is nothing at this address.' },
  method_not_allowed: { kind: 'method_not_allowed', detail: 'This address does not take this method: see Allow.' },
  session_not_found: { kind: 'not_found', detail: 'There is no such session of yours.' },
  task_not_found: { kind: 'not_found', detail: 'There is no such task.' },
  task_forbidden: { kind: 'forbidden', detail: 'The task belongs to somebody else.' },
  post_not_found: { kind: 'not_found', detail: 'There is no such post.' },
  post_forbidden: { kind: 'forbidden', detail: 'The post belongs to somebody else.' },
  not_oneself: { kind: 'invalid', detail: 'This cannot be done to oneself.' },
  follow_limit_reached: { kind: 'invalid', detail: 'Nobody follows more than 5,000 people.' },
  user_blocked: { kind: 'forbidden', detail: 'You have blocked this person: unblock them first.' },
  user_not_found: { kind: 'not_found', detail: 'There is no such account.' },
  user_disabled: { kind: 'conflict', detail: 'The account is disabled: enable it first.' },
  user_deleted: { kind: 'conflict', detail: 'The account is going to be deleted: that has to be cancelled first.' },
  user_unconfirmed: {
    kind: 'conflict',
    detail: 'The account has not confirmed its e-mail address: that has to be done first.',
  },
  last_admin: {
    kind: 'conflict',
    detail: 'You are the only admin: make somebody else one before you delete your account.',
  },
  email_taken: { kind: 'conflict', detail: 'An account with this e-mail address exists.' },
  username_taken: { kind: 'conflict', detail: 'An account with this username exists.' },

  rate_limited: { kind: 'too_many_requests', detail: 'Too many requests: wait for the seconds in Retry-After.' },
  database_unavailable: { kind: 'unavailable', detail: 'The database cannot be reached: try again soon.' },
  too_many_streams: { kind: 'too_many_requests', detail: 'A newer stream of yours took the place of this one.' },
  overloaded: { kind: 'unavailable', detail: 'The server is busy: try again soon.' },
  starting: { kind: 'unavailable', detail: 'This instance is starting: try again soon.' },
  draining: { kind: 'unavailable', detail: 'This instance is shutting down.' },
  internal_error: { kind: 'internal', detail: 'Something went wrong on our side.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
