/** Says when a proxy is there that nobody named: behind it all people would be one address to every limit. */
import { BlockList, isIPv6 } from 'node:net';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

const EVERY_MS = 60_000;
const SAYING_FOR_WHOM = ['x-forwarded-for', 'forwarded'];

/** At most once a minute, because anybody may send such a header. @param trusted networks in CIDR notation */
export function warnOfUntrustedProxies(fastify: FastifyInstance, trusted: readonly string[], logger: Logger): void {
  const proxies = blockListOf(trusted);
  let quietUntil = 0;
  fastify.addHook('onRequest', (request, _reply, done) => {
    const header = SAYING_FOR_WHOM.find((name) => request.headers[name] !== undefined);
    const { remoteAddress: peer } = request.socket;
    if (header !== undefined && peer !== undefined && performance.now() >= quietUntil && !contains(proxies, peer)) {
      quietUntil = performance.now() + EVERY_MS;
      logger.warn(
        { event: 'proxy_not_trusted', peer, header },
        `${header} is not believed from ${peer}: if that is your proxy, name its network in TRUST_PROXY`,
      );
    }
    done();
  });
}

/** @param networks in CIDR notation @returns whether one of them holds an address */
export function isIn(networks: readonly string[]): (address: string) => boolean {
  const list = blockListOf(networks);
  return (address) => contains(list, address);
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length = isIPv6(address) ? '128' : '32'] = network.split('/');
    list.addSubnet(address, Number(length), familyOf(address));
  }
  return list;
}

/** An IPv4 address written as IPv6 is found among IPv4 networks, too. */
function contains(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
