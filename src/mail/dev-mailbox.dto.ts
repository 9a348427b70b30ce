/** The dev mailbox on the wire. */
import { isoTimestamp } from '../common/timestamps.js';
import { OptionalNotNull, Text } from '../http/input/validation.js';
import type { KeptMail } from './outbox.query.js';
import type { MailContent } from './templates.js';

export class ListMailQuery {
  /** Only mails to this address. */
  @OptionalNotNull()
  @Text({ min: 1, max: 255 })
  to?: string;
}

export interface MailResponse extends MailContent {
  readonly id: string;
  readonly to: string;
  readonly created_at: string;
}

export function presentMail(
  { id, recipient, createdAt }: KeptMail,
  { subject, text, html }: MailContent,
): MailResponse {
  return { id, to: recipient, subject, text, html, created_at: isoTimestamp(createdAt) };
}
