/**
 * `npm run client` writes the types of clients/typescript from openapi.json and builds it; with --check it fails when the
 * committed types are not current.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import openapiTypescript, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const root = join(import.meta.dirname, '..');
const file = join(root, 'clients/typescript/src/schema.ts');
const listFile = join(root, 'clients/typescript/src/idempotent.ts');

const document = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8'));
const idempotent = Object.entries(document.paths)
  .filter(([, { post }]) => post?.parameters.some(({ name }) => name === 'Idempotency-Key'))
  .map(([path]) => path.replace('/api/v1', ''));
for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
  // They come before the route, with any code.
  delete operation.responses.default;
  // Shorter types: the document tells of headers, and codes say what descriptions say.
  for (const [status, response] of Object.entries(operation.responses)) {
    delete response.headers;
    if (status >= 400) response.description = '';
  }
}

const ast = await openapiTypescript(document, {
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  defaultNonNullable: false,
  silent: true,
});
const text = astToString(ast).replaceAll(/\n *headers: \{\n *\[name: string\]: unknown;\n *\};/g, '');
const MADE = '/** Made from openapi.json by npm run client. */\n';
const list = `/** The POSTs that take an Idempotency-Key. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(${JSON.stringify(idempotent)});`;
const current = {
  [file]: await formatted(file, `${MADE}${text}`),
  [listFile]: await formatted(listFile, `${MADE}\n${list}`),
};

async function formatted(filepath, source) {
  return format(source, { ...(await resolveConfig(filepath)), filepath });
}

if (process.argv.includes('--check')) {
  if (Object.entries(current).some(([path, source]) => readFileSync(path, 'utf8') !== source)) {
    process.stderr.write(
      'The types of clients/typescript are out of date. Run npm run client, and commit the files.\n',
    );
    process.exit(1);
  }
} else for (const [path, source] of Object.entries(current)) writeFileSync(path, source);

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'clients/typescript')], { stdio: 'inherit' });
process.exit(status ?? 1);
