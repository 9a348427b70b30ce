import { Controller, Get, Query, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { InjectDataSource } from '@nestjs/typeorm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';

import { Public } from '../common/access.js';
import { isLocalRequest } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { type Html, html, page, PAGE_HEADERS } from '../http/pages.js';
import { ListMailQuery, type MailResponse, presentMail } from './dev-mailbox.dto.js';
import { selectKeptMails } from './outbox.query.js';
import { Seals } from './seals.js';

const SHOWN = 200;

/** Exists only without SMTP_URL, and never in production. */
@ApiExcludeController()
@Controller({ path: 'dev/mailbox', version: VERSION_NEUTRAL })
@Public()
export class DevMailboxController {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly seals: Seals,
  ) {}

  /** The newest mails, as JSON or, for a browser, as a page. */
  @Get()
  async list(
    @Query() { to }: ListMailQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MailResponse[] | string> {
    // A machine that was made reachable by mistake must not hand out its people's tokens.
    if (!isLocalRequest(request)) throw new AppError('route_not_found');
    const mails = await this.mails(to?.toLowerCase());
    if (!wantsPage(request.headers.accept)) return mails;
    void reply.headers(PAGE_HEADERS);
    return page('Mailbox', mails.length === 0 ? html`<p>No mail yet.</p>` : html`${mails.map(article)}`);
  }

  private async mails(recipient: string | undefined): Promise<MailResponse[]> {
    const rows = await selectKeptMails(this.database.manager, { recipient, limit: SHOWN });
    return rows.flatMap((row) => {
      const content = this.seals.open(row.id, row.sealed);
      return content ? [presentMail(row, content)] : [];
    });
  }
}

/** A browser names it; curl and test suites take anything. */
function wantsPage(accept = ''): boolean {
  return /\btext\/html\b/.test(accept) && !/\bapplication\/json\b/.test(accept);
}

function article({ to, subject, text, created_at }: MailResponse): Html {
  return html`<article>
    <h2>${subject}</h2>
    <p class="about">To ${to}, <time>${created_at}</time></p>
    <pre>${withLinks(text)}</pre>
  </article> `;
}

/** Only links of our own making stand in mails. */
function withLinks(text: string): (string | Html)[] {
  return text.split(/(https?:\/\/\S+)/).map((part, index) => (index % 2 ? html`<a href="${part}">${part}</a>` : part));
}
