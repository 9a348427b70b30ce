/** What people find in their mail, as the dev mailbox has it. */
import type { TestApp } from './app.js';

export interface Mail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly created_at: string;
}

/** The newest first. @param subject part of it */
export async function mailsTo(app: TestApp, email: string, subject = ''): Promise<Mail[]> {
  const { body } = await app.api.get(`/dev/mailbox?to=${encodeURIComponent(email)}`);
  return (body as Mail[]).filter((mail) => mail.subject.includes(subject));
}

export function linkIn({ text }: Mail): URL {
  return new URL(/https?:\/\/\S+/.exec(text)?.[0] ?? '');
}

export function tokenIn(mail: Mail): string {
  return new URLSearchParams(linkIn(mail).hash.slice(1)).get('token') ?? '';
}

/** The token of the newest mail with this subject. */
export async function mailedToken(app: TestApp, email: string, subject: string): Promise<string> {
  const [mail] = await mailsTo(app, email, subject);
  if (!mail) throw new Error(`no mail "${subject}" to ${email}`);
  return tokenIn(mail);
}
