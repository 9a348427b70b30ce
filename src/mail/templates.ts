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
  | 'account_deletion'
  | 'account_deletion_cancelled';

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

type Block = string | { readonly label: string; readonly url: string } | { readonly code: string };

export function confirmationMail(to: { username: string; url: string; code: string }): MailContent {
  return letter('Confirm your e-mail address', to.username, [
    'an account was made with this e-mail address. Is it yours? Then confirm it:',
    { label: 'Confirm my address', url: to.url },
    'Or type this code where you are asked for it:',
    { code: to.code },
    'The link is good for 24 hours, the code for as long and for five tries.',
    'If you did not make the account, you need not do anything. Should you want one yourself, ask for a new password with this address: that ends whatever somebody else has set up.',
  ]);
}

export function passwordResetMail(to: { username: string; url: string; ttlMs: number; asks?: boolean }): MailContent {
  return letter('Choose a new password', to.username, [
    'somebody, you we hope, asked for a new password for your account. Choose it here:',
    { label: 'Choose a new password', url: to.url },
    ...(to.asks === true
      ? [
          'This address was never confirmed, so another person may have made the account. If you did not make it, say so on that page: all that is in it is then erased, and you get a new, empty account.',
        ]
      : []),
    `The link is good for ${inWords(to.ttlMs)} and for one change. A newer mail replaces it.`,
    'If it was not you, you need not do anything: your password stays as it is.',
  ]);
}

export function passwordWasResetMail(to: { username: string }): MailContent {
  return letter('Your password was changed', to.username, [
    'your account has a new password, chosen with a link that we sent to this address. All of its sessions were ended.',
    'If it was not you, somebody else reads your mail: secure your mailbox first, then ask for a new password.',
  ]);
}

export function passwordChangedMail(to: { username: string }): MailContent {
  return letter('Your password was changed', to.username, [
    'the password of your account was changed by somebody who is logged in and knew the one before. All other sessions were ended.',
    'If it was you, you need not do anything. If it was not, ask for a new password now: that ends what somebody else has set up.',
  ]);
}

export function registrationConflictMail(to: { username: string }): MailContent {
  return letter('You have an account already', to.username, [
    'somebody, perhaps you, tried to make an account with this e-mail address. There is one already, and nothing about it was changed.',
    'If it was you: log in, or ask for a new password if you have forgotten yours. If it was not, you need not do anything.',
  ]);
}

export function invitationMail(to: { username: string; url: string }): MailContent {
  return letter('You are invited', to.username, [
    'an account was made for you with this e-mail address. Choose a password for it, and it is yours:',
    { label: 'Choose a password', url: to.url },
    'The link is good for 7 days.',
    'If you did not expect it, you need not do anything: nobody can use the account before a password is chosen.',
  ]);
}

export function emailChangeMail(to: { username: string; url: string }): MailContent {
  return letter('Confirm your new e-mail address', to.username, [
    'somebody, you we hope, wants this to be the e-mail address of your account. Is it yours? Then confirm it:',
    { label: 'Confirm my new address', url: to.url },
    'The link is good for 24 hours. A newer request ends it.',
    'If you did not ask for it, you need not do anything.',
  ]);
}

export function emailChangeConflictMail(to: { username: string }): MailContent {
  return letter('This address has an account already', to.username, [
    'somebody, perhaps you, wanted this to be the e-mail address of another account. It is kept for yours, and nothing about it was changed.',
    'You need not do anything.',
  ]);
}

export function emailChangeNoticeMail(to: { username: string; url: string | undefined }): MailContent {
  const subject = 'Your e-mail address is about to change';
  const what =
    'somebody who knows your password, you we hope, asked for another e-mail address for your account. It changes when that address is confirmed.';
  if (to.url === undefined)
    return letter(subject, to.username, [
      what,
      'If it was not you, ask for a new password now: that ends the change. Once it is done, the link in the mail to the address before this one undoes it.',
    ]);
  return letter(subject, to.username, [
    what,
    'If it was not you, undo it, also when it has changed already. You then choose a new password, and all sessions are ended:',
    { label: 'Undo the change', url: to.url },
    'The link is good for 7 days. If it was you, you need not do anything.',
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
      ? 'Have you changed your mind, or was it not you? Then log in before that: a login cancels the deletion. If you do not know your password, ask for a new one first, and then log in.'
      : 'Until then nobody can log in. If you think that this is a mistake, write to those who run this service before that: they can cancel it.';
  return letter('Your account is going to be deleted', to.username, [
    `${to.by === 'own' ? 'somebody, you we hope, has' : 'an administrator has'} deleted your account. All of its sessions were ended.`,
    `On ${final} the deletion becomes final: the account and everything in it are then erased, and cannot be brought back.`,
    cancel,
    ...(to.isFormer === true
      ? [
          'This address was that of the account until lately: the link in the mail about the change undoes both, the change and the deletion.',
        ]
      : []),
  ]);
}

export function deletionCancelledMail(to: { username: string; by: 'own' | 'staff' }): MailContent {
  if (to.by === 'staff')
    return letter('Your account stays', to.username, [
      'an administrator has cancelled the deletion of your account. Nothing in it was deleted, and you can log in again.',
    ]);
  return letter('Your account stays', to.username, [
    'somebody, you we hope, logged in to your account or undid a change of its e-mail address. That cancels its deletion: nothing in it was deleted.',
    'If it was not you, somebody knows your password: change it.',
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
