import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';

import { presentMail, type MailResponse } from '../mail/dev-mailbox.dto.js';
import { selectKeptMails } from '../mail/outbox.query.js';
import { Seals } from '../mail/seals.js';
import type { TestMail } from './kit.js';

const MOST = 200;

export async function mailsTo(nest: INestApplicationContext, recipient: string | undefined): Promise<TestMail[]> {
  const seals = nest.get(Seals);
  const kept = await selectKeptMails(nest.get(DataSource).manager, {
    recipient: recipient?.toLowerCase(),
    limit: MOST,
  });
  return kept.flatMap((row) => {
    const content = seals.open(row.id, row.sealed);
    return content ? [withLink(presentMail(row, content))] : [];
  });
}

function withLink(mail: MailResponse): TestMail {
  const link = /https?:\/\/\S+/.exec(mail.text)?.[0];
  const token = /#token=([^&\s]+)/.exec(link ?? '')?.[1];
  const code = /^ +(\d{6}|\d{8})$/m.exec(mail.text)?.[1];
  return { ...mail, link, token, code };
}
