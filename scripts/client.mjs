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

const document = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8'));
for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
  // They come before the route, with any code.
  delete operation.responses.default;
  // Shorter types: the document tells of headers, and codes say what descriptions say.
  for (const [status, response] of Object.entries(operation.responses)) {
    delete response.headers;
    if (status >= 400) response.description = '';
  }
}

const ast = await openapiTypescript(document, { rootTypes: true, rootTypesNoSchemaPrefix: true, silent: true });
const text = astToString(ast).replaceAll(/\n *headers: \{\n *\[name: string\]: unknown;\n *\};/g, '');
const current = await format(`/** Made from openapi.json by npm run client. */\n${text}`, {
  ...(await resolveConfig(file)),
  filepath: file,
});

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== current) {
    process.stderr.write('The types of clients/typescript are out of date. Run npm run client, and commit the file.\n');
    process.exit(1);
  }
} else writeFileSync(file, current);

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'clients/typescript')], { stdio: 'inherit' });
process.exit(status ?? 1);
