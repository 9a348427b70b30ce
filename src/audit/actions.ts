/** The one list of what the audit tells of: stable words. Only ever added to. */
export const AUDIT_ACTIONS = [
  'user.registered',
  'login.succeeded',
  'login.failed',
  'login.throttled',
  'session.ended',
  'session.reused',
  'password.changed',
  'password.change_failed',
  'password.reset_requested',
  'password.reset',
  'email.confirmed',
  'email.change_requested',
  'email.change_failed',
  'email.changed',
  'email.change_undone',
  'user.invited',
  'user.role_changed',
  'user.disabled',
  'user.enabled',
  'user.logged_out',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
