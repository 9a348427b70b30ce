/** `npm run openapi` writes openapi.json from the built routes; with --check it fails when the committed one is not current. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { NestFactory } from '@nestjs/core';

import { configureAddresses, createAdapter } from '../dist/app.js';
import { AppModule } from '../dist/app.module.js';
import { createLogger } from '../dist/common/logger.js';
import { buildOpenApi } from '../dist/http/openapi/document.js';
import { loadSwagger } from '../dist/http/openapi/swagger.js';
import { loadConfig } from '../dist/config/config.js';

const FILE = new URL('../openapi.json', import.meta.url);

const config = loadConfig({ NODE_ENV: 'test', JWT_SECRET: 'not used: the routes are only looked at' });
const app = await NestFactory.create(
  AppModule.with(config, 'postgres://127.0.0.1/unused', { logger: createLogger('silent') }),
  createAdapter(config),
  // Nothing is instantiated and nothing is connected to.
  { preview: true, logger: false, bodyParser: false },
);
configureAddresses(app);
const current = `${JSON.stringify(buildOpenApi(app, await loadSwagger()), null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(FILE, current);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== current) {
  process.stderr.write('openapi.json is out of date. Run npm run openapi, and commit the file.\n');
  process.exit(1);
}
process.exit(0);
