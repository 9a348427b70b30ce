/** The lists that name each noun: its lines are added below those of tasks, or where those were. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { formatted } from './example.mjs';
import { Refusal } from './refusal.mjs';

export const EDITED = ['src/common/error-codes.ts', 'src/app.module.ts', 'test/routes.spec.ts'];

/** @returns the edited texts by their paths; openapi.json is made by its own command */
export async function editsOf(root, noun, fields) {
  const [errors, app, routes] = EDITED.map((path) => [path, readFileSync(join(root, path), 'utf8')]);
  const edited = [
    [errors, addedBelow(errors, [/^ {2}task_\w+: .*\n/gm, /^ {2}\w+_not_found: .*\n/gm], errorsOf(noun))],
    [
      app,
      addedBelow(
        [app[0], withImport(app, noun)],
        [/^ +TasksModule,\n/gm, /^ +AuthModule,\n/gm],
        `${noun.Many}Module,\n`,
      ),
    ],
    [
      routes,
      addedBelow(
        routes,
        [/^ {2}'[A-Z]+ \/tasks.*\n/gm, /^ {2}'[A-Z]+ \/users\/me\b[^']*': .*,\n/gm],
        routesOf(noun, fields),
      ),
    ],
  ];
  return Object.fromEntries(
    await Promise.all(edited.map(async ([[path], text]) => [path, await formatted(path, text)])),
  );
}

function addedBelow([path, text], patterns, lines) {
  const last = patterns.flatMap((pattern) => [...text.matchAll(pattern)].slice(-1))[0];
  if (!last) throw new Refusal(`${path} has no line below which the generator adds those of the noun.`);
  const end = last.index + last[0].length;
  return text.slice(0, end) + lines + text.slice(end);
}

function errorsOf({ one }) {
  return `  ${one}_not_found: { kind: 'not_found', detail: 'There is no such ${one}.' },
  ${one}_forbidden: { kind: 'forbidden', detail: 'The ${one} belongs to somebody else.' },
`;
}

/** In the order of the paths. */
function withImport([path, text], { many, Many }) {
  const line = `import { ${Many}Module } from './${many}/${many}.module.js';\n`;
  const imports = [...text.matchAll(/^import .* from '\.\/(\w+)\/.*\n/gm)];
  const last = imports.at(-1);
  if (!last) throw new Refusal(`${path} imports no module, beside which that of ${many} belongs.`);
  const place = imports.find(([, folder]) => folder > many)?.index ?? last.index + last[0].length;
  return text.slice(0, place) + line + text.slice(place);
}

/** Of a noun that does not exist: its own test has the answers to an owner and to others. */
function routesOf({ many, one }, fields) {
  const least = fields.filter(({ isOptional }) => !isOptional).map(({ name, samples: [value] }) => `${name}: ${value}`);
  return `  'GET /${many}': ANY_USER(200),
  'POST /${many}': { ...ANY_USER(201), body: { ${least.join(', ')} } },
  'GET /${many}/:${one}_id': ANY_USER(404),
  'PUT /${many}/:${one}_id': { ...ANY_USER(404), body: {} },
  'DELETE /${many}/:${one}_id': ANY_USER(404),
`;
}
