/** Fastify, as Nest gets it. */
import { createAdapter } from '../../src/app.js';
import { loadConfig } from '../../src/config/config.js';

it('refuses a schema of Fastify, whose compilers are not loaded', async () => {
  const fastify = createAdapter(loadConfig({ NODE_ENV: 'test' })).getInstance();
  fastify.get('/notes', { schema: { querystring: { type: 'object' } } }, () => 'none');
  await expect(fastify.ready().then()).rejects.toThrow('Routes have DTOs (class-validator), and no schema of Fastify.');
});
