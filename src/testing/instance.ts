/** A Roost in this process, on a database with a movable clock. */
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';

import { configureApp, createAdapter } from '../app.js';
import { AppModule } from '../app.module.js';
import { createLogger, NestLogger } from '../common/logger.js';
import { loadConfig } from '../config/config.js';
import { moveWithClock, type TestClock } from './clock.js';

const VARIABLES = {
  NODE_ENV: 'test',
  PORT: '0',
  BCRYPT_COST: '4',
  RATE_LIMIT: 'off',
  LOGIN_GUARD: 'off',
  JWT_SECRET: 'a-key-of-the-tests-that-nobody-else-may-use',
};

export interface InstanceOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  readonly clock: TestClock;
  readonly onLog: (line: string) => void;
  readonly onMade?: (nest: NestFastifyApplication) => void;
}

export async function serve({
  env,
  databaseUrl,
  clock,
  onLog,
  onMade,
}: InstanceOptions): Promise<NestFastifyApplication> {
  const config = loadConfig({ ...VARIABLES, ...env });
  const logger = createLogger(config.logLevel, { write: onLog });
  const nest = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, databaseUrl, { logger, clock }),
    createAdapter(config),
    { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
  );
  try {
    onMade?.(nest);
    await configureApp(nest, config, logger);
    moveWithClock(nest.get(DataSource), clock);
    await nest.listen(config.http.port, '127.0.0.1');
    return nest;
  } catch (error) {
    await nest.close();
    throw error;
  }
}
