import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { NodemailerError, Transporter } from 'nodemailer';

import { isStorable } from '../common/text.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { MailContent } from './templates.js';

/** Milliseconds; parameters of SMTP_URL with these names take precedence. */
const TIMEOUTS = { dnsTimeout: 5_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** Milliseconds for a whole attempt, against a server that always answers at the last moment. */
export const ATTEMPT = { mostMs: 60_000 };

const REASON_MAX_LENGTH = 500;

export interface Letter {
  readonly id: string;
  readonly recipient: string;
  readonly content: MailContent;
  readonly createdAt: Date;
}

export type Delivery =
  | { readonly sent: true }
  | {
      readonly sent: false;
      readonly forGood: boolean;
      readonly code: string;
      readonly reason: string;
      readonly obstacle?: string;
    };

@Injectable()
export class Mailer implements OnModuleInit {
  private readonly smtpUrl: string | undefined;
  private readonly from: Config['mail']['from'];
  private transport: Transporter | undefined;

  constructor(@Inject(CONFIG) { mail }: Config) {
    this.from = mail.from;
    this.smtpUrl = mail.smtpUrl;
  }

  async onModuleInit(): Promise<void> {
    if (this.smtpUrl === undefined) return;
    const { createTransport } = await import('nodemailer');
    this.transport = createTransport({
      url: this.smtpUrl,
      ...TIMEOUTS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  get isConfigured(): boolean {
    return this.smtpUrl !== undefined;
  }

  async send({ id, recipient, content, createdAt }: Letter, stop: AbortSignal): Promise<Delivery> {
    if (!this.transport) return { sent: false, forGood: false, code: 'ECONFIG', reason: 'SMTP_URL is not set' };
    // A signal of AbortSignal.timeout() that only AbortSignal.any() knows is collected (nodejs/node#57736).
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
    }, ATTEMPT.mostMs);
    try {
      await this.transport.sendMail({
        // An object: text would be parsed, and the address is untrusted input.
        from: this.from,
        to: { name: '', address: recipient },
        envelope: { from: this.from.address, to: [recipient] },
        messageId: `<${id}@${this.from.address.replace(/^.*@/, '')}>`,
        date: createdAt,
        subject: content.subject,
        text: content.text,
        html: content.html,
        // RFC 3834: suppresses automatic replies.
        headers: { 'auto-submitted': 'auto-generated' },
        signal: AbortSignal.any([stop, late.signal]),
      });
      return { sent: true };
    } catch (error) {
      return refusal(error as NodemailerError);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** RFC 5321: a 5xx to these concerns the mail. An earlier one concerns our configuration, and is retried. */
const ABOUT_THE_MAIL = /^(?:RCPT TO|DATA)/i;
/** RFC 3463: policy, such as a relay that does not accept us. */
const ABOUT_US = /^5\d\d[ -]5\.7\./;

function refusal(error: NodemailerError): Delivery {
  const { code = 'unknown', responseCode, command = '', response = '', message } = error;
  const forGood = error.permanent === true && ABOUT_THE_MAIL.test(command) && !ABOUT_US.test(response);
  const reason = response === '' ? message : response;
  const obstacle = ABOUT_THE_MAIL.test(command) ? undefined : obstacleOf(error);
  return {
    ...(obstacle !== undefined && { obstacle }),
    sent: false,
    forGood,
    code: responseCode === undefined ? code : `${code} ${responseCode}`,
    reason: isStorable(reason) ? Array.from(reason).slice(0, REASON_MAX_LENGTH).join('') : 'an unreadable answer',
  };
}

const CERTIFICATE = /certificate|altname|DEPTH_ZERO|SELF_SIGNED/i;
const OBSTACLES: Partial<Record<string, string>> = {
  EAUTH: 'it refuses the user or the password',
  EDNS: 'its host name is not known',
  EPROTOCOL: 'it does not speak SMTP, or requires TLS from the start',
  ESOCKET: 'the connection failed (SMTP_URL: smtp:// begins without TLS, smtps:// with it)',
  ETIMEDOUT: 'it does not answer in time',
  ETLS: 'TLS is required, and it has none',
};

function obstacleOf({ code = '', message }: NodemailerError): string | undefined {
  if (CERTIFICATE.test(message))
    return `The mail server's certificate is not trusted (${message}): use the host name in the certificate, or add its authority by NODE_EXTRA_CA_CERTS`;
  const words = OBSTACLES[code];
  return words === undefined ? undefined : `The mail server cannot be used: ${words}`;
}
