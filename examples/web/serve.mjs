/**
 * `npm run example:web -- [port [roost]]` serves the example on 127.0.0.1, 5173 by default, with the client beside it. `roost` is the
 * address of Roost, http://127.0.0.1:3000 by default.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };
const CLIENT = join(import.meta.dirname, '../../clients/typescript/dist');

const [port = '5173', roost = 'http://127.0.0.1:3000'] = process.argv.slice(2);

const server = createServer((request, response) => {
  const { pathname } = URL.canParse(request.url, 'http://localhost') ? new URL(request.url, 'http://localhost') : {};
  const file = pathname === '/' ? join(import.meta.dirname, 'index.html') : fileOf(normalize(pathname ?? ''));
  const type = TYPES[extname(file)];
  if (request.method !== 'GET' || type === undefined || !existsSync(file)) response.writeHead(404).end();
  else
    response
      .writeHead(200, { 'content-type': type })
      .end(readFileSync(file, 'utf8').replace('http://127.0.0.1:3000', roost));
});

function fileOf(path) {
  const [, ofClient] = /^\/roost-client\/(.*)$/.exec(path) ?? [];
  return ofClient === undefined ? join(import.meta.dirname, path) : join(CLIENT, ofClient);
}

server.listen(Number(port), '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`The example is at ${origin}\nStart Roost for it with: CORS_ORIGINS=${origin} npm start\n`);
});
