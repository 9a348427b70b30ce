/** The hosts of a PostgreSQL URL, which may name several as libpq does: https://www.postgresql.org/docs/current/libpq-connect.html */
import { isIP } from 'node:net';

const URL_PARTS = /^(?<start>[^:]+:\/\/(?:[^/?#]*@)?)(?<authority>[^/?#]*)(?<path>[^?#]*)(?<query>.*)$/s;
const MEMBER = /^(?<host>\[[^\]]*\]|[^:[\]]*)(?::(?<port>\d*))?$/;
const NEEDS = ['any', 'primary', 'read-write'] as const;
const PORT = 5432;

interface Member {
  readonly host: string;
  readonly port: string | undefined;
}

/** What a connection has to be to: any server, one that is no standby, or one that accepts writes. */
export type Needs = (typeof NEEDS)[number];

export interface Host {
  readonly name: string;
  readonly url: string;
  readonly host: string;
  /** To connect to: `host`, or the number that was given for it. */
  readonly address: string;
  readonly port: number;
}

export interface HostList {
  readonly hosts: readonly [Host, ...Host[]];
  readonly needs: Needs;
  readonly connectMs: number | undefined;
}

/** @returns undefined: one host, as any driver connects to it; a text: the fault, without a part of the URL */
export function readHosts(url: string): HostList | string | undefined {
  const { start = '', authority = '', path = '', query = '' } = URL_PARTS.exec(url)?.groups ?? {};
  const parameters = new URLSearchParams(query);
  const session = parameters.get('target_session_attrs');
  const needs = NEEDS.find((one) => one === session);
  if (session !== null && needs === undefined)
    return `has a target_session_attrs other than ${NEEDS.join(', ')}: Roost writes`;
  const places = placesIn(authority, parameters);
  if (typeof places === 'string') return places;
  const isPlain =
    places.length === 1 && !parameters.has('hostaddr') && places.every(({ name }) => name === zoneless(name));
  if (isPlain && (needs ?? 'any') === 'any') return undefined;
  const patience = parameters.get('connect_timeout') ?? '0';
  if (!/^\d+$/.test(patience)) return 'has a connect_timeout that is no whole number of seconds';
  for (const name of ['host', 'hostaddr', 'port', 'target_session_attrs']) parameters.delete(name);
  const urlAt = (at: string, more: [string, string][]): string => {
    const kept = new URLSearchParams([...parameters, ...more]).toString();
    return `${start}${at}${path}${kept === '' ? '' : `?${kept}`}`;
  };
  return {
    hosts: places.map((place) => hostOf(place, urlAt)) as [Host, ...Host[]],
    needs: needs ?? (places.length > 1 ? 'read-write' : 'any'),
    connectMs: Number(patience) === 0 ? undefined : Number(patience) * 1_000,
  };
}

interface Place {
  readonly name: string;
  readonly port: number;
  readonly address: string;
}

function placesIn(authority: string, parameters: URLSearchParams): Place[] | string {
  const list = (name: string): string[] | undefined => parameters.get(name)?.split(',');
  const members = authority.split(',').map((member) => MEMBER.exec(member)?.groups as Member | undefined);
  const addresses = list('hostaddr');
  const inAuthority = authority === '' ? addresses : members.map((member) => decodeURIComponent(member?.host ?? ''));
  const names = (list('host') ?? inAuthority ?? ['']).map((name) => name.replace(/^\[(.*)\]$/, '$1'));
  const ports = list('port') ?? members.map((member) => member?.port ?? '');
  if (names.length > 1 && (members.includes(undefined) || !ports.every(isPort)))
    return 'has no host, or a port that is no number from 1 to 65535';
  if (names.length > 1 && names.includes('')) return 'has an empty host in its list';
  if (addresses?.some((address) => isIP(address) === 0)) return 'has a hostaddr that is no IP address';
  if (![1, names.length].includes(ports.length) || ![undefined, names.length].includes(addresses?.length))
    return `has ${names.length} hosts, but not as many ports or addresses`;
  return names.map((given, index) => {
    const name = given.replace(/^$/, 'localhost');
    const port = portOf(ports.length === 1 ? ports[0] : ports[index]);
    return { name, port, address: addresses?.[index] ?? name };
  });
}

function isPort(text: string): boolean {
  return text === '' || (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535);
}

function portOf(text = ''): number {
  return text === '' ? PORT : Number(text);
}

function hostOf({ name, port, address }: Place, urlAt: (at: string, more: [string, string][]) => string): Host {
  const bare = zoneless(name);
  const inUrl = isIP(name) === 6 ? `[${bare}]` : encodeURIComponent(name);
  return {
    name: `${isIP(name) === 6 ? `[${name}]` : name}:${port}`,
    url: urlAt(`${inUrl}:${port}`, address === bare ? [] : [['hostaddr', address]]),
    host: name,
    address,
    port,
  };
}

/** A URL cannot have the zone of `fe80::1%eth0`. */
function zoneless(name: string): string {
  return isIP(name) === 6 ? name.replace(/%.*$/s, '') : name;
}
