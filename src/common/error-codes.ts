/** The one list of error codes, a contract with clients. Only problem.ts turns kinds into HTTP. */

export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unprocessable'
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
  json_too_deep: { kind: 'malformed', detail: 'The body is nested too deeply.' },
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
  expectation_failed: { kind: 'expectation_failed', detail: 'The only supported expectation is 100-continue.' },
  http_version_not_supported: { kind: 'malformed', detail: 'Use HTTP/1.1.' },
  request_timeout: { kind: 'request_timeout', detail: 'The request did not arrive in time.' },

  validation_failed: { kind: 'invalid', detail: 'Some fields are invalid.' },
  invalid_account_token: {
    kind: 'invalid',
    detail: 'The link was used, has expired or was replaced by a newer one: request another mail.',
  },
  invalid_confirmation_code: {
    kind: 'invalid',
    detail: 'The code is wrong, has expired or was tried too often: request another mail.',
  },

  authentication_required: {
    kind: 'unauthenticated',
    detail: 'This request needs an access token: Authorization: Bearer <access_token>.',
  },
  invalid_token: { kind: 'unauthenticated', detail: 'The access token is not valid.' },
  token_expired: { kind: 'unauthenticated', detail: 'The access token has expired: refresh or replace it.' },
  token_revoked: {
    kind: 'unauthenticated',
    detail: 'The session of this access token has ended, or the token was revoked: log in again.',
  },
  token_stale: {
    kind: 'unauthenticated',
    detail: 'The account has changed since this access token was issued: refresh it.',
  },
  invalid_credentials: { kind: 'unauthenticated', detail: 'The account or the password is wrong.' },
  wrong_password: { kind: 'forbidden', detail: 'The current password is wrong.' },
  wrong_second_factor: { kind: 'forbidden', detail: 'The second factor is wrong, or was used already.' },
  invalid_second_factor: {
    kind: 'unauthenticated',
    detail: 'The second factor is wrong, or was used already: try again with the same ticket.',
  },
  invalid_mfa_ticket: {
    kind: 'unauthenticated',
    detail: 'The ticket of the login has expired, or the account has changed: log in again with the password.',
  },
  step_up_required: {
    kind: 'forbidden',
    detail: 'This needs a proof of the last ten minutes: send one of `proofs` to POST /auth/step-up, then try again.',
  },
  second_factor_required: {
    kind: 'forbidden',
    detail: 'Your role needs a second factor: set one up, or prove it with POST /auth/step-up, then refresh the token.',
  },
  second_factor_kept: { kind: 'conflict', detail: 'Your role needs a second factor: set up another one first.' },
  totp_enabled: { kind: 'conflict', detail: 'An authenticator app is set up already: remove it first.' },
  totp_not_begun: {
    kind: 'conflict',
    detail:
      'Begin with POST /auth/second-factors/totp: its secret is confirmed in the same session within ten minutes.',
  },
  totp_not_enabled: { kind: 'not_found', detail: 'No authenticator app is set up.' },
  invalid_passkey: {
    kind: 'conflict',
    detail: 'The passkey does not answer a challenge of the last five minutes: begin again.',
  },
  invalid_passkey_login: {
    kind: 'unauthenticated',
    detail: 'The passkey is unknown, or does not answer a challenge of the last five minutes: begin again.',
  },
  passkeys_unavailable: {
    kind: 'conflict',
    detail:
      'No page may use passkeys here: PUBLIC_URL or APP_URL must be https:// with a name, or PASSKEY_ORIGINS be set.',
  },
  invalid_email_login: {
    kind: 'unauthenticated',
    detail:
      'The code or link is wrong, was used, has expired, or was requested in another browser: type the code there, or request a new one.',
  },
  passkey_exists: { kind: 'conflict', detail: 'The passkey is kept already.' },
  passkey_not_found: { kind: 'not_found', detail: 'You have no such passkey.' },
  too_many_passkeys: { kind: 'conflict', detail: 'You have 20 passkeys, which is the limit: remove one first.' },
  no_second_factor: { kind: 'conflict', detail: 'The account has no second factor: set one up first.' },
  invalid_refresh_token: { kind: 'unauthenticated', detail: 'The refresh token is not valid: log in again.' },
  cross_site_request: {
    kind: 'forbidden',
    detail:
      'Cookie mode is for pages of this site and of CORS_ORIGINS: their browser must say where the request comes from.',
  },
  refresh_token_reused: {
    kind: 'unauthenticated',
    detail: 'The refresh token was used by two parties, so its session was ended: log in again.',
  },
  account_disabled: { kind: 'forbidden', detail: 'The account is disabled.' },
  account_deleted: { kind: 'forbidden', detail: 'An admin has deleted the account, and it will be erased.' },
  email_not_confirmed: {
    kind: 'forbidden',
    detail: 'The e-mail address is not confirmed yet: use the link or the code in your mail.',
  },
  insufficient_role: { kind: 'forbidden', detail: 'Your role does not allow this.' },
  insufficient_scope: {
    kind: 'forbidden',
    detail:
      'The personal access token lacks the scope in WWW-Authenticate; without one, this route is closed to such tokens.',
  },
  own_account: { kind: 'forbidden', detail: 'This cannot be done to your own account.' },
  https_required: { kind: 'forbidden', detail: 'This server accepts HTTPS only.' },
  metrics_forbidden: {
    kind: 'forbidden',
    detail: 'Metrics need a local or private address, or METRICS_TOKEN as the bearer token.',
  },

  route_not_found: { kind: 'not_found', detail: 'There is nothing at this address.' },
  method_not_allowed: {
    kind: 'method_not_allowed',
    detail: 'This address does not support this method: see the Allow header.',
  },
  session_not_found: { kind: 'not_found', detail: 'You have no such session.' },
  token_not_found: { kind: 'not_found', detail: 'There is no such personal access token.' },
  token_limit_reached: {
    kind: 'conflict',
    detail: 'You have 50 personal access tokens, which is the limit: revoke one first.',
  },
  task_not_found: { kind: 'not_found', detail: 'There is no such task.' },
  task_forbidden: { kind: 'forbidden', detail: 'The task belongs to somebody else.' },
  post_not_found: { kind: 'not_found', detail: 'There is no such post.' },
  post_forbidden: { kind: 'forbidden', detail: 'The post belongs to somebody else.' },
  not_oneself: { kind: 'invalid', detail: 'You cannot do this to yourself.' },
  follow_limit_reached: { kind: 'invalid', detail: 'You already follow 5,000 people, which is the limit.' },
  user_blocked: { kind: 'forbidden', detail: 'You have blocked this person: unblock them first.' },
  user_not_found: { kind: 'not_found', detail: 'There is no such account.' },
  user_disabled: { kind: 'conflict', detail: 'The account is disabled: enable it first.' },
  user_deleted: { kind: 'conflict', detail: 'The account is going to be deleted: cancel the deletion first.' },
  user_unconfirmed: {
    kind: 'conflict',
    detail: 'The e-mail address of the account must be confirmed first.',
  },
  last_admin: {
    kind: 'conflict',
    detail: 'You are the only admin: make another account an admin before you delete yours.',
  },
  email_taken: { kind: 'conflict', detail: 'An account with this e-mail address exists.' },
  username_taken: { kind: 'conflict', detail: 'An account with this username exists.' },

  idempotency_key_reused: {
    kind: 'unprocessable',
    detail: 'Another request had this Idempotency-Key: a new request needs a new key.',
  },
  idempotency_key_in_use: {
    kind: 'conflict',
    detail: 'A request with this Idempotency-Key is being carried out: repeat it after the seconds in Retry-After.',
  },
  idempotency_key_unreadable: {
    kind: 'unavailable',
    detail: 'This instance cannot read what was answered to this Idempotency-Key: repeat it, with the same key.',
  },
  rate_limited: { kind: 'too_many_requests', detail: 'Too many requests: wait for the seconds in Retry-After.' },
  database_unavailable: { kind: 'unavailable', detail: 'The database cannot be reached: try again soon.' },
  too_many_streams: { kind: 'too_many_requests', detail: 'A newer stream of yours replaced this one.' },
  overloaded: { kind: 'unavailable', detail: 'The server is busy: try again soon.' },
  starting: { kind: 'unavailable', detail: 'This instance is starting: try again soon.' },
  draining: { kind: 'unavailable', detail: 'This instance is shutting down.' },
  internal_error: { kind: 'internal', detail: 'Something went wrong on our side.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
