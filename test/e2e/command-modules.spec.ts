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
