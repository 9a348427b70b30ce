/** What operators see: metrics with the dashboard and alerts made of them, and traces. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { parse } from 'yaml';

import { ERRORS } from '../../src/common/error-codes.js';
import { Jobs } from '../../src/common/schedule.js';
import { OutboxWatch } from '../../src/mail/outbox-watch.js';
import { Reads } from '../../src/database/replicas/reads.js';
import { TestApp } from '../support/app.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { person } from '../support/people.js';
import { eventually, RoostFolder } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { Smtp, smtpError } from '../support/smtp.js';

const ROOT = join(__dirname, '../..');
const RULES = join(ROOT, 'deploy/prometheus/alerts.yml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const rules = (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/roost.json'), 'utf8')) as { panels: Panel[] };

/** The words of PromQL that are neither metrics nor followed by a bracket. */
const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'and', 'or', 'unless', 'bool', 'offset']);
/** Prometheus adds these. */
const ADDED = { metrics: ['up'], labels: ['job', 'instance'] };

interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
  readonly codes: readonly string[];
}

/** What an expression selects. Labels to group by are asked of all of its metrics. */
function selectorsOf(expression: string): Selector[] {
  const grouped = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
  const plain = expression
    .replaceAll(/\b(?:by|on) \([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/(\d)e[+-]?\d+/g, '$1');
  return [...plain.matchAll(/(?<![\w"$.])([a-zA-Z_:][\w:]*)(?:\s*\{([^}]*)\}|\s*(\())?/g)].flatMap(
    ([, metric = '', matchers = '', bracket]) => {
      if (bracket !== undefined || WORDS.has(metric)) return [];
      const pairs = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)];
      const codes = pairs.flatMap(([, name, value = '']) => (name === 'code' ? [value] : []));
      return [{ metric, labels: [...pairs.map(([, name = '']) => name), ...grouped], codes }];
    },
  );
}

type Series = ReadonlyMap<string, ReadonlySet<string>>;

/** The labels of each metric that a scrape shows. */
function seriesOf(scrape: string): Series {
  const series = new Map<string, Set<string>>();
  for (const [, metric = '', labels = ''] of scrape.matchAll(/^([a-z0-9_]+)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(metric) ?? new Set(ADDED.labels);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    series.set(metric, known);
  }
  return series;
}

const scrapeOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

const valueOf = (scrape: string, sample: string): number =>
  Number(
    scrape
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.slice(sample.length),
  );

describe('the metrics', () => {
  let app: TestApp;
  let database: string;
  let smtp: Smtp;

  beforeAll(async () => {
    smtp = await Smtp.start();
    database = await cloneTemplate();
    const limits = { RATE_LIMIT: 'on', CONNECTIONS_PER_ADDRESS: '20' };
    // A primary is no replica, and is left out: its lag is not known.
    const servers = { SMTP_URL: smtp.url, DATABASE_URL: database, DATABASE_REPLICA_URLS: database };
    app = await TestApp.start({ on: database, env: { ...limits, ...servers } });
    for (const replica of app.nestApp.get(Reads).replicas?.all ?? []) replica.currentAt = performance.now();
  });

  afterAll(async () => {
    await app.stop();
    await dropDatabase(database);
    await smtp.stop();
  });

  const scrape = (): Promise<string> => scrapeOf(app.url);

  it('have everything that the dashboard shows and the alerts ask for', async () => {
    await person(app);
    await app.api.get('/nothing');
    const port = Number(new URL(app.url).port);
    const unparsed = connect(port, '127.0.0.1').end('nonsense\r\n\r\n').resume();
    await once(unparsed, 'close');
    const sockets = Array.from({ length: 21 }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .resume(),
    );
    await Promise.race(sockets.map((socket) => once(socket, 'close')));
    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await fetch(`${app.url}/health/live`).catch(() => undefined))?.status === 200);
    await app.nestApp.get(Jobs).runAll();
    const series = seriesOf(await scrape());
    expect(series.get('http_errors_total')).toContain('code');
    const expressions = [
      ...rules.map(({ alert, expr }) => [alert, expr]),
      ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr])),
    ] as [string, string][];
    expect(expressions.length).toBeGreaterThan(40);
    const wrong = expressions.flatMap(([name, expression]) => {
      const selectors = selectorsOf(expression);
      if (selectors.length === 0) return [`${name} selects nothing`];
      return selectors.flatMap(({ metric, labels, codes }) => [
        ...labels
          .filter((label) => !(series.get(metric)?.has(label) ?? ADDED.metrics.includes(metric)))
          .map((label) => `${name}: ${metric} has no ${label}`),
        ...(series.has(metric) || ADDED.metrics.includes(metric) ? [] : [`${name}: there is no ${metric}`]),
        ...codes.filter((code) => !(code in ERRORS)).map((code) => `${name}: there is no code ${code}`),
      ]);
    });
    expect(wrong).toEqual([]);
  });

  it('are named by the conventions of Prometheus', async () => {
    const types = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    expect(types.length).toBeGreaterThan(30);
    const badly = types.filter(
      ([, name = '', type]) =>
        (type === 'counter') !== name.endsWith('_total') || /_(?:ms|milliseconds|kb|count|sum)$/.test(name),
    );
    // Of prom-client itself.
    expect(badly.map(([, name]) => name).filter((name) => !/^nodejs_active_\w+_total$/.test(name ?? ''))).toEqual([]);
  });

  it('count what is under way, refused and waiting', async () => {
    const before = await scrape();
    await app.api.get('/nothing');
    const after = await scrape();
    const missing = 'http_errors_total{code="route_not_found"}';
    expect(valueOf(after, missing) - valueOf(before, missing)).toBe(1);
    expect(valueOf(after, 'http_requests_in_flight')).toBe(1);
    expect(valueOf(after, 'database_pool_connections_max{pool="primary"}')).toBe(20);
    expect(valueOf(after, 'database_pool_waiting{pool="primary"}')).toBe(0);
    expect(valueOf(after, 'revocations_age_seconds')).toBeLessThan(60);
    expect(valueOf(after, 'revocations_cursor')).toBeGreaterThan(0);
    expect(valueOf(after, 'password_hash_wait_seconds_count')).toBeGreaterThan(0);
    expect(valueOf(after, 'nodejs_eventloop_active_seconds_total')).toBeGreaterThan(0);
  });

  it('tell of mails that wait and that are given up', async () => {
    smtp.onRecipient = (address) => {
      if (address.startsWith('gone')) throw smtpError(550, 'nobody');
      throw smtpError(451, 'later');
    };
    await app.forget();
    await person(app, 'gone');
    await person(app, 'later');
    const outcome = async (name: string): Promise<number> =>
      valueOf(await scrape(), `outbox_attempts_total{outcome="${name}"}`);
    // A mail of the test before may be under way still.
    await eventually(async () => (await outcome('given_up')) >= 1 && (await outcome('deferred')) >= 1);
    await app.nestApp.get(OutboxWatch).read();
    const text = await scrape();
    expect(valueOf(text, 'outbox_mails_waiting')).toBe(1);
    expect(valueOf(text, 'outbox_oldest_age_seconds')).toBeGreaterThan(0);
  });

  it('are there while the database is away, without what nobody knows then', async () => {
    const wire = await Relay.to(app.databaseUrl);
    const lost = await TestApp.start({ sharing: app, through: wire });
    try {
      await wire.end();
      expect((await fetch(`${lost.url}/health/ready`)).status).toBe(503);
      const text = await scrapeOf(lost.url);
      expect(text).toMatch(/^http_errors_total\{code="database_unavailable"\} 1$/m);
      expect(text).not.toMatch(/^outbox_mails_waiting \d/m);
      expect(text).toMatch(/^database_pool_connections\{pool="primary",state="used"\} \d/m);
    } finally {
      await lost.stop();
    }
  });
});

describe('the alerts', () => {
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const section = page.split(/^## Alerts$/m)[1]?.split(/^## /m)[0] ?? '';
  const paragraphs = new Map(
    section
      .split(/^### /m)
      .slice(1)
      .map((text) => [text.split('\n')[0], text] as const),
  );

  it('have a paragraph each in docs/operations.md, which they name, and there are no others', () => {
    expect([...paragraphs.keys()]).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(paragraphs.get(alert)?.length).toBeGreaterThan(100);
    }
  });

  it('are rules that Prometheus takes, where its tool is installed', () => {
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
    if (error) expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
    else expect([status, stdout + stderr]).toEqual([0, expect.stringContaining(`${rules.length} rules found`)]);
  });
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a trace', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  const logged = async (traceparent: string | undefined): Promise<Record<string, unknown>> => {
    const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent };
    const id = (await fetch(`${app.url}/health/live`, { headers })).headers.get('x-request-id');
    await eventually(() => app.log.some((line) => line.includes(String(id))));
    return JSON.parse(app.log.find((line) => line.includes(String(id))) ?? '') as Record<string, unknown>;
  };

  it.each([
    ['of its version', `00-${TRACE}-${PARENT}-01`],
    ['not sampled', `00-${TRACE}-${PARENT}-00`],
    ['of a later version, with more', `01-${TRACE}-${PARENT}-01-more`],
  ])('%s is named in the log line of a request', async (_, traceparent) => {
    expect(await logged(traceparent)).toMatchObject({ trace_id: TRACE, span_id: PARENT });
  });

  it.each([
    ['none', undefined],
    ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['an invalid version', `ff-${TRACE}-${PARENT}-01`],
    ['more in version 00', `00-${TRACE}-${PARENT}-01-more`],
    ['no trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['too short', `00-${TRACE}-${PARENT}`],
    ['two of them', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['a forged field', `00-${TRACE}-${PARENT}-01","level":"fatal`],
    ['a long one', 'a'.repeat(8_000)],
  ])('%s is ignored, and the request is served', async (_, traceparent) => {
    const line = await logged(traceparent);
    expect(line).toMatchObject({ status: 200, level: 'info' });
    expect(line).not.toHaveProperty('trace_id');
  });

  it('is continued by a span, for the SDK that was loaded before', async () => {
    const folder = new RoostFolder();
    const database = await cloneTemplate();
    try {
      const sdk = pathToFileURL(require.resolve('@opentelemetry/sdk-trace-node')).href;
      const file = join(folder.path, 'tracing.mjs');
      writeFileSync(
        file,
        `import { context, trace } from '${pathToFileURL(require.resolve('@opentelemetry/api')).href}';
         import pg from '${pathToFileURL(require.resolve('pg')).href}';
         import { NodeTracerProvider, SimpleSpanProcessor } from '${sdk}';
         const exporter = {
           export(spans, done) {
             for (const span of spans) {
               const { name, kind, attributes, status, parentSpanContext: parent } = span;
               process.stdout.write(JSON.stringify({ span: span.spanContext(), parent, name, kind, attributes, status }) + '\\n');
             }
             done({ code: 0 });
           },
           shutdown: () => Promise.resolve(),
         };
         new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
         const traced = () => trace.getSpanContext(context.active())?.traceId;
         const { query } = pg.Client.prototype;
         pg.Client.prototype.query = function (...args) {
           if (traced() !== undefined) process.stdout.write('statement in ' + traced() + '\\n');
           return query.apply(this, args);
         };`,
      );
      const roost = folder.start({ NODE_OPTIONS: `--import ${pathToFileURL(file).href}`, DATABASE_URL: database });
      const url = await roost.ready();
      const lines = (): Record<string, any>[] =>
        roost.output.split('\n').flatMap((line) => (line.startsWith('{"span"') ? [JSON.parse(line) as object] : []));
      const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, 'content-type': 'application/json' };
      const body = JSON.stringify({ email: 'nobody@example.org', password: 'correct horse battery' });
      const answer = await fetch(`${url}/api/v1/auth/login?token=hidden`, { method: 'POST', headers, body });
      expect(answer.status).toBe(401);
      await roost.until(() => lines().length > 0);
      const [span] = lines();
      expect(span).toMatchObject({
        span: { traceId: TRACE },
        parent: { spanId: PARENT, isRemote: true },
        name: 'POST /api/v1/auth/login',
        kind: 1,
        attributes: {
          'http.request.method': 'POST',
          'http.route': '/api/v1/auth/login',
          'http.response.status_code': 401,
          'url.path': '/api/v1/auth/login',
        },
        status: { code: 0 },
      });
      await roost.until(() => roost.output.includes(`"trace_id":"${TRACE}","span_id":"${span?.span.spanId}"`));
      expect(roost.output).toContain(`statement in ${TRACE}`);
      expect(roost.output).not.toContain('hidden');
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      await roost.until(() => lines().length > 1);
      expect(lines()[1]).toMatchObject({ name: 'GET /health/live' });
      expect(lines()[1]).not.toHaveProperty('parent');
    } finally {
      await folder.remove();
      await dropDatabase(database);
    }
  });
});
