/** The mails. Subjects are fixed. User input is escaped in HTML, and never becomes a link. */
import { type Html, html } from '../http/pages.js';

export type MailKind =
  | 'email_confirmation'
  | 'password_reset'
  | 'password_was_reset'
  | 'password_changed'
  | 'registration_conflict'
  | 'email_change'
  | 'email_change_notice'
  | 'invitation'
  | 'email_login'
  | 'personal_token'
  | 'account_deletion'
  | 'account_deletion_cancelled'
  | 'suspicious_login'
  | 'passkey_added'
  | 'passkey_removed'
  | 'second_factor_added'
  | 'second_factor_removed'
  | 'second_factors_reset'
  | 'recovery_code_used';

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

type Block = string | { readonly label: string; readonly url: string } | { readonly code: string };

export function confirmationMail(to: { username: string; url: string; code: string }): MailContent {
  return letter('Confirm your e-mail address', to.username, [
    'An account was created with this e-mail address. If it is yours, confirm the address:',
    { label: 'Confirm my address', url: to.url },
    'Or enter this code:',
    { code: to.code },
    'The link and the code are valid for 24 hours. The code may be tried five times.',
    'If you did not create the account, you can ignore this message. If you want an account yourself, request a new password for this address: this removes everything that somebody else has set up.',
  ]);
}

export function passwordResetMail(to: { username: string; url: string; ttlMs: number; asks?: boolean }): MailContent {
  return letter('Choose a new password', to.username, [
    'We received a request to reset your password. To choose a new one, follow this link:',
    { label: 'Choose a new password', url: to.url },
    ...(to.asks === true
      ? [
          'This address was never confirmed, so another person may have made the account. If you did not create it, say so on that page. Everything in it is then erased, and you get a new, empty account.',
        ]
      : []),
    `The link is valid for ${inWords(to.ttlMs)} and for one use. A newer message replaces it.`,
    'If you did not request this, you can ignore this message. Your password stays unchanged.',
  ]);
}

export function passwordWasResetMail(to: { username: string }): MailContent {
  return letter('Your password was changed', to.username, [
    'The password of your account was reset with a link that we sent to this address. All sessions and personal access tokens of the account were ended.',
    'If this was not you, somebody else can read your mail. Secure your mailbox first, then request a new password.',
  ]);
}

export function passwordChangedMail(to: { username: string }): MailContent {
  return letter('Your password was changed', to.username, [
    'The password of your account was changed in a session that is logged in, after entering the current password. All other sessions were ended.',
    'If this was you, you can ignore this message. If it was not, request a new password now: this removes everything that somebody else has set up.',
  ]);
}

/** Without the token's name, which somebody else may have written. */
export function personalTokenMail(to: {
  username: string;
  lastFour: string;
  scopes: readonly string[];
  expiresAt: string;
}): MailContent {
  return letter('A new personal access token was created', to.username, [
    `A new personal access token was created for your account. It ends with ${to.lastFour}, and works until ${new Date(to.expiresAt).toUTCString().replace('GMT', 'UTC')}.`,
    `It may be used for: ${to.scopes.join(', ')}.`,
    'If this was you, you can ignore this message. If it was not, request a new password now: this also ends all sessions and personal access tokens of the account.',
  ]);
}

export function registrationConflictMail(to: { username: string }): MailContent {
  return letter('You have an account already', to.username, [
    'We received a request to create an account with this e-mail address. It already has an account, and nothing in it was changed.',
    'If this was you, log in, or request a new password if you have forgotten yours. If it was not, you can ignore this message.',
  ]);
}

export function invitationMail(to: { username: string; url: string }): MailContent {
  return letter('You are invited', to.username, [
    'An account was created for you with this e-mail address. To accept it, choose a password:',
    { label: 'Choose a password', url: to.url },
    'The link is valid for 7 days.',
    'If you did not expect this, you can ignore this message. Nobody can use the account before a password is chosen.',
  ]);
}

export function emailLoginMail(to: { username: string; url: string; code: string; isConfirmed: boolean }): MailContent {
  const subject = 'Log in to your account';
  if (!to.isConfirmed)
    return letter(subject, to.username, [
      'We received a request to log in to your account by mail. This address was never confirmed, and another person may have made the account. So nobody can log in by mail.',
      'If you want to use the account, request a new password for this address. This confirms the address, and removes everything that somebody else has set up.',
      'If you did not request this, you can ignore this message.',
    ]);
  return letter(subject, to.username, [
    'We received a request to log in to your account. If it was yours, enter this code where you made it:',
    { code: to.code },
    'Or open this link in the same browser:',
    { label: 'Log in', url: to.url },
    'The code and the link are valid for 10 minutes and for one login. A newer message replaces them. The code may be tried five times.',
    'Never give the code to anybody, and enter it nowhere else. If you did not request this, you can ignore this message: without it nobody can log in this way.',
  ]);
}

export function emailChangeMail(to: { username: string; url: string }): MailContent {
  return letter('Confirm your new e-mail address', to.username, [
    'We received a request to change the e-mail address of your account to this one. To confirm the change, follow this link:',
    { label: 'Confirm my new address', url: to.url },
    'The link is valid for 24 hours. A newer request replaces it.',
    'If you did not request this, you can ignore this message.',
  ]);
}

export function emailChangeConflictMail(to: { username: string }): MailContent {
  return letter('This address has an account already', to.username, [
    'We received a request to use this e-mail address for another account. It belongs to your account, or is reserved for it, so nothing was changed.',
    'You can ignore this message.',
  ]);
}

export function emailChangeNoticeMail(to: { username: string; url: string | undefined }): MailContent {
  const subject = 'Your e-mail address is about to change';
  const what =
    'We received a request to change the e-mail address of your account. It was made with your password. The address changes once the new one is confirmed.';
  if (to.url === undefined)
    return letter(subject, to.username, [
      what,
      'If this was not you, request a new password now: this cancels the change. Once the address has changed, the link in the message to your earlier address undoes it.',
    ]);
  return letter(subject, to.username, [
    what,
    'If this was not you, undo the change, even if it is already done. You then choose a new password, and all sessions are ended:',
    { label: 'Undo the change', url: to.url },
    'The link is valid for 7 days. If this was you, you can ignore this message.',
  ]);
}

export function deletionMail(to: {
  username: string;
  final: Date;
  by: 'own' | 'staff';
  isFormer?: boolean;
}): MailContent {
  const final = to.final.toUTCString().replace('GMT', 'UTC');
  const cancel =
    to.by === 'own'
      ? 'If you have changed your mind, or if this was not you, log in before that time: a login cancels the deletion. If you do not know your password, request a new one first.'
      : 'Until then nobody can log in. If you think that this is a mistake, contact the administrators of this service before that time: they can cancel the deletion.';
  return letter('Your account is going to be deleted', to.username, [
    `${to.by === 'own' ? 'We received a request to delete your account.' : 'An administrator has deleted your account.'} All of its sessions were ended.`,
    `The deletion becomes final on ${final}. The account and everything in it are then erased, and cannot be restored.`,
    cancel,
    ...(to.isFormer === true
      ? [
          'This was the address of the account until recently: the link in the mail about the change undoes both, the change and the deletion.',
        ]
      : []),
  ]);
}

export function deletionCancelledMail(to: { username: string; by: 'own' | 'staff' }): MailContent {
  if (to.by === 'staff')
    return letter('Your account stays', to.username, [
      'An administrator has cancelled the deletion of your account. Nothing in it was deleted, and you can log in again.',
    ]);
  return letter('Your account stays', to.username, [
    'The deletion of your account was cancelled by a login, or by undoing a change of its e-mail address. Nothing in it was deleted.',
    'If this was not you, somebody else knows your password. Change it now.',
  ]);
}

export function suspiciousLoginMail(to: { username: string; ip: string | null }): MailContent {
  return letter('A login after several wrong passwords', to.username, [
    `Somebody logged in to your account after several wrong passwords${to.ip === null ? '.' : `, from this address: ${to.ip}`}`,
    'If this was you, you can ignore this message. If it was not, request a new password now. This ends all sessions.',
  ]);
}

export function passkeyAddedMail(to: { username: string; name: string }): MailContent {
  return letter('A passkey was added to your account', to.username, [
    'This passkey can now be used to log in:',
    to.name,
    'If this was not you, request a new password now: this ends logins by passkeys without it. Then remove the passkey. If you are asked for a second factor that you do not have, contact the administrators of this service.',
  ]);
}

export function passkeyRemovedMail(to: { username: string; name: string }): MailContent {
  return letter('A passkey was removed from your account', to.username, [
    'This passkey can no longer be used to log in:',
    to.name,
    'If this was not you, request a new password now.',
  ]);
}

export function secondFactorAddedMail(to: { username: string; method: string }): MailContent {
  return letter('A second factor was added to your account', to.username, [
    `Logging in now needs ${to.method} besides your password. Keep your recovery codes in a safe place.`,
    'If this was not you, somebody else knows your password. Request a new password now, and contact the administrators of this service: they can remove the second factor.',
  ]);
}

export function secondFactorRemovedMail(to: { username: string; method: string }): MailContent {
  return letter('A second factor was removed from your account', to.username, [
    `Logging in no longer asks for ${to.method}.`,
    'If this was not you, request a new password now, and set up a second factor again.',
  ]);
}

export function secondFactorsResetMail(to: { username: string }): MailContent {
  return letter('Your second factors were removed', to.username, [
    'An administrator has removed all second factors of your account, and its sessions were ended. Your password is enough to log in.',
    'If you did not request this, contact the administrators of this service. Set up a second factor again after you have logged in.',
  ]);
}

export function recoveryCodeUsedMail(to: { username: string; left: number }): MailContent {
  return letter('A recovery code was used', to.username, [
    `A recovery code of your account was used. ${to.left} of them are left.`,
    'If this was not you, request a new password now, and make new recovery codes.',
  ]);
}

function inWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`;
}

function letter(subject: string, username: string, blocks: readonly Block[]): MailContent {
  const greeting = `Hello ${username},`;
  const text = [greeting, ...blocks.map(asText)].join('\n\n');
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${subject}</title>
      </head>
      <body style="font: 16px/1.5 sans-serif; max-width: 36em; margin: 0 auto; padding: 16px">
        <p>${greeting}</p>
        ${blocks.map(asHtml)}
      </body>
    </html> `;
  return { subject, text: `${text}\n`, html: markup };
}

function asText(block: Block): string {
  if (typeof block === 'string') return block;
  return `  ${'url' in block ? block.url : block.code}`;
}

function asHtml(block: Block): Html {
  if (typeof block === 'string') return html`<p>${block}</p>`;
  if ('code' in block) return html`<p style="font-size: 24px; letter-spacing: 4px"><strong>${block.code}</strong></p>`;
  return html`<p><a href="${block.url}">${block.label}</a><br /><small>${block.url}</small></p>`;
}
