import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';

import { AdminCommandModule } from '../../src/admin/admin-command.module.js';
import { createLogger } from '../../src/common/logger.js';
import { Jobs } from '../../src/common/schedule.js';
import { loadConfig } from '../../src/config/config.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';

describe('npm run admin', () => {
  it('does none of the work of a server, however long its prompt stays open', async () => {
    const url = await cloneTemplate();
    const config = loadConfig({ NODE_ENV: 'test', JWT_SECRET: 'a-key-of-the-tests-that-nobody-else-may-use' });
    const command = await Test.createTestingModule({
      imports: [AdminCommandModule.with(config, url, createLogger('silent'))],
    }).compile();
    const workers = [...command.get(ModulesContainer).values()]
      .flatMap(({ providers }) => [...providers.values()])
      .filter(({ instance }) => 'onApplicationBootstrap' in Object(instance))
      .map(({ name }) => name);
    const { count } = command.get(Jobs);
    await command.close();
    await dropDatabase(url);
    expect(workers).toEqual(['Jobs', 'ClockWatch']);
    expect(count).toBe(0);
  });
});

describe('the commands of the database', () => {
  const DIST = pathToFileURL(join(__dirname, '../../dist/'));

  const loadedOf = (...modules: string[]): number => {
    const script = `import { createRequire } from 'node:module';
      for (const name of ${JSON.stringify(modules)}) await import(new URL(name, '${DIST.href}').href);
      const files = Object.keys(createRequire('${DIST.href}').cache);
      console.log(files.filter((file) => /[\\\\/]typeorm[\\\\/]/.test(file)).length);`;
    return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
  };

  it('load TypeORM, which takes longer than they take, only to migrate', () => {
    expect(loadedOf('database/open.js', 'database/dump.js', 'database/schema/check.js', 'start-database.js')).toBe(0);
    expect(loadedOf('database/schema/migrate.js')).toBeGreaterThan(0);
  });
});
