/** The one list of what the audit tells of: stable words. Only ever added to. */
export const AUDIT_ACTIONS = [
  'user.registered',
  'login.succeeded',
  'login.failed',
  'session.ended',
  'session.reused',
  'password.changed',
  'password.change_failed',
  'password.reset',
  'email.confirmed',
  'user.renamed',
  'user.exported',
  'user.deletion_requested',
  'user.deletion_failed',
  'user.deletion_cancelled',
  'user.erased',
  'user.role_changed',
  'user.disabled',
  'user.enabled',
  'user.logged_out',
  'post.deleted',
  'post.restored',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
