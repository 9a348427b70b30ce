/** The parts of test/support, which are TypeScript, for plain Node. */
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';

import { transformSync } from '@swc/core';

const require = createRequire(import.meta.url);
const SUPPORT = join(import.meta.dirname, '../../support');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, parent, ...rest) =>
  parent && dirname(parent.filename ?? '') === SUPPORT && request.startsWith('./')
    ? join(SUPPORT, request.replace(/\.js$/, '.ts'))
    : resolve.call(Module, request, parent, ...rest);
Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};

const load = (name) => require(join(SUPPORT, `${name}.ts`));

export const { freePort } = load('ports');
export const { HAProxy, HAS_HAPROXY } = load('haproxy');
export const { PgBouncer, HAS_PGBOUNCER } = load('pgbouncer');
export const { childrenOf, isAlive } = load('process');
export const { RedisServer, HAS_REDIS } = load('redis');
export const { Relay } = load('relay');
export const { Smtp, smtpError } = load('smtp');
