/** What deploy/ holds, as far as it can be tested without a container engine or a cluster. CI also renders the chart. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import { parse } from 'yaml';

import { loadConfig } from '../src/config/config.js';

const ROOT = join(__dirname, '..');
const CHART = join(ROOT, 'deploy/helm/roost');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const yaml = (name: string): any => parse(read(name), { merge: true });

const SECRETS: Record<string, string> = {
  jwt: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(kX9#vQ2!mZ7@pL4',
  database: '7f3a9c1e5b2d8f604a6c9e1b3d5f70824c6e8a0b2d4f6183',
};
/** Seconds. */

interface Service {
  readonly environment: Record<string, string>;
  readonly command?: string[];
  readonly stop_grace_period?: string;
  readonly secrets?: string[];
  readonly volumes?: string[];
  readonly depends_on?: Record<string, unknown>;
}

/** @returns the configuration that Roost reads of such variables */
function configOf(variables: Record<string, unknown>): ReturnType<typeof loadConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'roost-deploy-'));
  try {
    const given = Object.entries(variables).map(([name, value]): [string, string] => {
      const secret = /^\/run\/secrets\/(\w+)$/.exec(String(value))?.[1];
      if (secret === undefined) return [name, String(value)];
      const file = join(folder, secret);
      writeFileSync(file, SECRETS[secret] ?? '');
      return [name, file];
    });
    return loadConfig({ NODE_ENV: 'production', ...Object.fromEntries(given) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the compose files', () => {
  const compose = new Ajv({ strict: false, validateFormats: false });
  const schema = JSON.parse(read('test/data/compose-spec.json')) as { $schema?: string };
  delete schema.$schema;
  const isValid = compose.compile(schema);

  it.each(['docker-compose.yml', 'deploy/docker-compose.scale.yml'])('%s keeps to the specification', (name) => {
    isValid(yaml(name));
    expect(isValid.errors).toBeNull();
  });

  it('are refused with what the specification does not know', () => {
    expect(isValid({ services: { roost: { image: 'roost', port: [3000] } } })).toBe(false);
  });

  const scale = yaml('deploy/docker-compose.scale.yml') as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
  };
  const { roost1, roost2, migrate, haproxy } = scale.services as Record<
    'roost1' | 'roost2' | 'migrate' | 'haproxy',
    Service
  >;

  it('start equal instances that production accepts, with a database, shared limits and mail', () => {
    expect(roost2).toEqual(roost1);
    const config = configOf(roost1.environment);
    expect(config.database.url).toContain(SECRETS.database);
    expect([config.redisUrl, config.mail.smtpUrl, config.http.httpsOnly]).toEqual([
      'redis://redis:6379',
      'smtp://mail:1025',
      true,
    ]);
    expect(config.misspelt).toEqual([]);
    const grace = Number(/^(\d+)s$/.exec(roost1.stop_grace_period ?? '')?.[1]);
    expect(grace).toBeGreaterThan((config.http.noticeMs + config.http.shutdownTimeoutMs) / 1_000);
  });

  it('migrate once, before any instance', () => {
    expect(migrate.command).toEqual(['node', 'scripts/db.mjs', 'migrate']);
    expect(roost1.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
  });

  it('name files that exist, secrets that are declared, and the instances that HAProxy asks', () => {
    for (const { secrets = [], volumes = [] } of Object.values(scale.services)) {
      for (const secret of secrets) expect(scale.secrets).toHaveProperty(secret);
      for (const [source = ''] of volumes.map((volume) => volume.split(':')))
        if (source.startsWith('.')) expect([source, existsSync(join(ROOT, 'deploy', source))]).toEqual([source, true]);
    }
    const proxy = read('deploy/haproxy/haproxy.cfg');
    expect(proxy).toMatch(/http-check send meth GET uri \/health\/ready/);
    for (const name of ['roost1', 'roost2']) expect(proxy).toContain(`${name}:3000`);
    for (const name of Object.keys(haproxy.environment)) expect(proxy).toContain(name);
  });
});

describe('the Helm chart', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, any>;
  const accepts = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as object,
  );
  const templates = readdirSync(join(CHART, 'templates')).map((name) => ({
    name,
    text: readFileSync(join(CHART, 'templates', name), 'utf8'),
  }));
  const all = templates.map(({ text }) => text).join('\n');

  it('accepts its own values, and none that it does not know or that are secrets', () => {
    accepts(values);
    expect(accepts.errors).toBeNull();
    expect(accepts({ ...values, replica: 3 })).toBe(false);
    expect(accepts({ ...values, existingSecret: '' })).toBe(false);
    expect(accepts({ ...values, config: { ...values.config, JWT_SECRET: 'x' } })).toBe(false);
    expect(accepts({ ...values, shutdown: { noticeSeconds: 5 } })).toBe(false);
  });

  it('uses each of its values, and no others', () => {
    const used = new Set([...all.matchAll(/\.Values((?:\.\w+)+)/g)].map(([, path = '']) => path.slice(1)));
    const known = (path: string): unknown =>
      path.split('.').reduce<any>((value, name) => value?.[name] as unknown, values);
    expect([...used].filter((path) => known(path) === undefined)).toEqual([]);
    const isUsed = (path: string): boolean => used.has(path) || [...used].some((one) => path.startsWith(`${one}.`));
    const leaves = (value: unknown, path: string): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
        ? Object.entries(value).flatMap(([name, each]) => leaves(each, path === '' ? name : `${path}.${name}`))
        : [path];
    expect(leaves(values, '').filter((path) => !isUsed(path))).toEqual([]);
  });

  it('has a configuration that production accepts, and the version of the project', () => {
    const config = configOf({
      ...values.config,
      DATABASE_URL: 'postgres://roost:Vq7-of-nobody-else@db/roost',
      JWT_SECRET: SECRETS.jwt,
      SHUTDOWN_NOTICE: `${values.shutdown.noticeSeconds}s`,
      SHUTDOWN_TIMEOUT: `${values.shutdown.timeoutSeconds}s`,
    });
    expect(config.misspelt).toEqual([]);
    const { version, appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
    const project = JSON.parse(read('package.json')) as { version: string };
    expect([version, appVersion]).toEqual([project.version, project.version]);
  });

  it('runs pods without rights, that write nowhere, and end before they are killed', () => {
    for (const line of [
      'runAsNonRoot: true',
      'allowPrivilegeEscalation: false',
      'readOnlyRootFilesystem: true',
      'drop: [ALL]',
      'type: RuntimeDefault',
      'automountServiceAccountToken: false',
    ])
      expect(all).toContain(line);
    for (const name of ['deployment.yaml', 'migrate.yaml']) {
      const { text = '' } = templates.find((template) => template.name === name) ?? {};
      expect(text).toContain('include "roost.pod"');
      expect(text).toContain('include "roost.container"');
    }
    expect(all).toMatch(
      /terminationGracePeriodSeconds: \{\{ add \.Values\.shutdown\.noticeSeconds \.Values\.shutdown\.timeoutSeconds 5 \}\}/,
    );
    expect(
      [...all.matchAll(/(\w+)Probe:\n\s+httpGet:\n\s+path: (\S+)/g)].map(([, kind, path]) => [kind, path]),
    ).toEqual([
      ['startup', '/health/live'],
      ['liveness', '/health/live'],
      ['readiness', '/health/ready'],
    ]);
    expect(all).toContain('helm.sh/hook: pre-install,pre-upgrade');
  });

  it('is rendered without a fault, where helm is installed', () => {
    const secrets = ['--set', 'ingress.enabled=true,serviceMonitor.enabled=true'];
    for (const args of [
      ['lint', '--strict', CHART],
      ['template', 'roost', CHART, ...secrets],
    ]) {
      const { error, status, stderr } = spawnSync('helm', args, { encoding: 'utf8' });
      if (error) expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
      else expect([status, stderr]).toEqual([0, stderr]);
    }
  });
});
