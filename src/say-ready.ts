import type { Logger } from 'pino';

import { type Config, misspeltMessage } from './config/config.js';
import type { EmbeddedPostgres } from './database/embedded/embedded.js';

export interface ReadyAt {
  readonly address: string;
  readonly embedded: EmbeddedPostgres | undefined;
}

export function sayReady(config: Config, logger: Logger, { address, embedded }: ReadyAt): void {
  const base = config.http.publicUrl ?? address;
  const database = embedded ? `PostgreSQL 18 of its own, in ${embedded.dataDir}` : 'DATABASE_URL';
  for (const name of config.unused) logger.warn({ name }, `${name} is set but has no effect here`);
  for (const { name, meant } of config.misspelt)
    logger.warn({ event: 'variable_unknown', name }, `${name} ${misspeltMessage(meant)}`);
  if (config.mail.smtpUrl === undefined && !config.mail.mailbox)
    logger.warn({ event: 'mail_waits' }, 'SMTP_URL is not set: mails wait in the database until it is');
  if (config.nodeEnv === 'production') {
    logger.info({ address, database }, 'Roost is ready');
    return;
  }
  const lines = [
    'Roost is ready.',
    '',
    `  API       ${base}/api/v1`,
    ...(config.http.docs ? [`  Docs      ${base}/docs`] : []),
    `  Database  ${database}`,
    ...(embedded?.isNew === true ? ['            It is new, and empty.'] : []),
    ...(embedded?.notices ?? []).map((notice) => `            ${notice}`),
    `  Mail      ${config.mail.mailbox ? `${base}/dev/mailbox` : 'SMTP_URL'}`,
    ...(config.workers > 1 ? [`  Workers   ${config.workers}`] : []),
    '',
    '  Ctrl-C stops it.',
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}
