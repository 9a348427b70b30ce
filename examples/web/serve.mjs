/** `npm run example:web -- [port]` serves the example on 127.0.0.1, 5173 by default, with the client beside it. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };
const CLIENT = join(import.meta.dirname, '../../clients/typescript/dist');

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const file = fileOf(pathname === '/' ? '/index.html' : normalize(pathname));
  const type = TYPES[extname(file)];
  if (request.method !== 'GET' || type === undefined || !existsSync(file)) response.writeHead(404).end();
  else createReadStream(file).pipe(response.writeHead(200, { 'content-type': type }));
});

function fileOf(path) {
  const [, ofClient] = /^\/roost-client\/(.*)$/.exec(path) ?? [];
  return ofClient === undefined ? join(import.meta.dirname, path) : join(CLIENT, ofClient);
}

server.listen(Number(process.argv[2] ?? 5173), '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`The example is at ${origin}\nStart Roost for it with: CORS_ORIGINS=${origin} npm start\n`);
});
