/** What proxies say of a request, and whether they are believed: its client's address and protocol, and the path in front of Roost's own. */
import { BlockList, isIPv6, type Socket } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { addressOf } from '../common/address.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The path that people see in front of Roost's own, without a trailing slash: `/roost`; mostly empty. */
    prefix: string;
  }
}

const WARN_EVERY_MS = 60_000;
const SAYING_FOR_WHOM = ['x-forwarded-for', 'forwarded'];
/** Path segments of RFC 3986 without percent-encoding; `//` would name another host. */
const PREFIX = /^(?:\/[\w.~-]+)+$/;
const PREFIX_MAX_LENGTH = 200;

/** What of a request proxies have a word in. */
export interface Spoken {
  readonly headers: Readonly<Partial<Record<string, string | string[] | undefined>>>;
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

export class Proxies {
  private readonly trusted = new BlockList();

  /** @param networks of the trusted proxies, in CIDR notation */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', length = isIPv6(address) ? '128' : '32'] = network.split('/');
      this.trusted.addSubnet(address, Number(length), familyOf(address));
    }
  }

  /** Also with a port, as Azure and others write it. An IPv4 address written as IPv6 is found among IPv4 networks, too. */
  trusts(written: string | undefined): boolean {
    const address = addressOf(written ?? '');
    return address !== null && this.trusted.check(address, familyOf(address));
  }

  /** Whom a request is from: the last of the addresses that trusted proxies name one after the other. */
  clientOf({ headers, socket }: Spoken): string {
    return addressOf(this.chain({ headers, socket }).at(-1) ?? '') ?? socket.remoteAddress ?? '';
  }

  /**
   * Whether the client's own connection was TLS. Every proxy adds an entry at the end of X-Forwarded-Proto, or keeps a
   * single one. The client's stands as far from the end as its address does in X-Forwarded-For.
   */
  isSecure({ headers, socket }: Spoken): boolean {
    if (!this.trusts(socket.remoteAddress)) return false;
    const said = entriesOf(headers['x-forwarded-proto']);
    const proxies = this.chain({ headers, socket }).length - 1;
    return (said.at(-Math.max(1, proxies)) ?? said[0])?.toLowerCase() === 'https';
  }

  /** The peer, and behind each trusted one the address that it names. */
  private chain({ headers, socket }: Spoken): (string | undefined)[] {
    const chain = [socket.remoteAddress];
    for (const next of entriesOf(headers['x-forwarded-for']).reverse()) {
      if (!this.trusts(chain.at(-1))) break;
      chain.push(next);
    }
    return chain;
  }

  /** What a trusted proxy took away from the path; undefined when it does not say. */
  strippedPrefix({ headers, socket }: FastifyRequest): string | undefined {
    const said = headers['x-forwarded-prefix'];
    if (typeof said !== 'string' || said.length > PREFIX_MAX_LENGTH || !this.trusts(socket.remoteAddress)) return;
    const prefix = said.replace(/\/+$/, '');
    return prefix === '' || (PREFIX.test(prefix) && !/\/\.\.?(?:\/|$)/.test(prefix)) ? prefix : undefined;
  }
}

/** @param ownPrefix the path of PUBLIC_URL, for proxies that do not say what they took away */
export function trackPrefix(fastify: FastifyInstance, proxies: Proxies, ownPrefix: string): void {
  fastify.decorateRequest('prefix', '');
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.prefix = proxies.strippedPrefix(request) ?? ownPrefix;
    done();
  });
}

/** The path of PUBLIC_URL, without a trailing slash; empty for most. */
export function prefixOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}

/** First segments of Roost's own paths. */
const OWN_PATHS = /^\/(?:api|health|metrics|docs|dev|confirm|reset|undo|\.well-known)(?:\/|$)/;

/** For proxies that pass the prefix on. A prefix that looks like a path of Roost's own has to be taken away by the proxy. */
export function withoutPrefix(target: string, prefix: string): string {
  const passedOn = prefix !== '' && target.startsWith(`${prefix}/`) && !OWN_PATHS.test(prefix);
  return passedOn ? target.slice(prefix.length) : target;
}

/** Says when a proxy is there that nobody named: behind it all people would be one address to every limit. At most once a minute, because anybody may send such a header. */
export function warnOfUntrustedProxies(fastify: FastifyInstance, proxies: Proxies, logger: Logger): void {
  let quietUntil = 0;
  fastify.addHook('onRequest', (request, _reply, done) => {
    const header = SAYING_FOR_WHOM.find((name) => request.headers[name] !== undefined);
    const { remoteAddress: peer } = request.socket;
    if (header !== undefined && peer !== undefined && performance.now() >= quietUntil && !proxies.trusts(peer)) {
      quietUntil = performance.now() + WARN_EVERY_MS;
      logger.warn(
        { event: 'proxy_not_trusted', peer, header },
        `${header} is not believed from ${peer}: if that is your proxy, name its network in TRUST_PROXY`,
      );
    }
    done();
  });
}

function entriesOf(header: string | string[] | undefined): string[] {
  const entries = String(header ?? '').split(',');
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
