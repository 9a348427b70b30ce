import { type HostList, readHosts } from '../../src/config/host-list.js';

function listOf(url: string): HostList {
  const list = readHosts(url);
  if (typeof list !== 'object') throw new Error(`no list: ${list}`);
  return list;
}

const addressesOf = (url: string): string[] => listOf(url).hosts.map(({ address, port }) => `${address} ${port}`);

describe('the hosts of a URL', () => {
  it.each([
    ['postgres://u:p@a,b:5433/db', ['a 5432', 'b 5433']],
    ['postgresql://u:p%2C@a,b/db?port=5433', ['a 5433', 'b 5433']],
    ['postgres://a,b/db?port=1,2', ['a 1', 'b 2']],
    ['postgres://a,b/db?port=1,', ['a 1', 'b 5432']],
    ['postgres://a:1,b:2?sslmode=disable', ['a 1', 'b 2']],
    ['postgres://u@[::1]:1,[fd00::7]/db', ['::1 1', 'fd00::7 5432']],
    ['postgres:///db?host=a,b&port=1,2', ['a 1', 'b 2']],
    ['postgres:///db?host=::1,b', ['::1 5432', 'b 5432']],
    ['postgres://u@/db?host=/run/one,/run/two', ['/run/one 5432', '/run/two 5432']],
    ['postgres://%2Frun%2Fone,b/db', ['/run/one 5432', 'b 5432']],
    ['postgres://a,b/db?hostaddr=10.0.0.1,::1', ['10.0.0.1 5432', '::1 5432']],
    ['postgres:///db?target_session_attrs=primary', ['localhost 5432']],
    ['postgres://a,[fe80::1%25eth0]:7/db', ['a 5432', 'fe80::1%eth0 7']],
    ['postgres://[fe80::1%25eth0]/db', ['fe80::1%eth0 5432']],
    ['postgres:///db?host=fe80::1%25eth0', ['fe80::1%eth0 5432']],
    ['postgres://a/db?hostaddr=fe80::1%25eth0', ['fe80::1%eth0 5432']],
    ['postgres:///db?hostaddr=10.0.0.1,10.0.0.2&port=7', ['10.0.0.1 7', '10.0.0.2 7']],
  ])('are read from %s', (url, addresses) => {
    expect(addressesOf(url)).toEqual(addresses);
  });

  it('each have a URL of their own, with all that is not about hosts', () => {
    const { hosts } = listOf('postgres://u:p%40@a,[::1]:2/db?sslmode=verify-full&target_session_attrs=any');
    expect(hosts.map(({ url }) => url)).toEqual([
      'postgres://u:p%40@a:5432/db?sslmode=verify-full',
      'postgres://u:p%40@[::1]:2/db?sslmode=verify-full',
    ]);
    expect(hosts.map(({ name }) => name)).toEqual(['a:5432', '[::1]:2']);
  });

  it('keep their names for certificates and password files, where their addresses are given', () => {
    const { hosts } = listOf('postgres://a,b/db?hostaddr=10.0.0.1,10.0.0.2');
    expect(hosts.map(({ host }) => host)).toEqual(['a', 'b']);
    expect(hosts.map(({ url }) => listOf(url).hosts)).toEqual(hosts.map((host) => [host]));
  });

  it('keep the zone of a link-local address beside their URL, which cannot have one', () => {
    const { hosts } = listOf('postgres://[fe80::1%25eth0],[fe80::1%25eth1]/db');
    expect(hosts.map(({ name }) => name)).toEqual(['[fe80::1%eth0]:5432', '[fe80::1%eth1]:5432']);
    expect(hosts.every(({ url }) => URL.canParse(url))).toBe(true);
    expect(hosts.flatMap(({ url }) => addressesOf(url))).toEqual(['fe80::1%eth0 5432', 'fe80::1%eth1 5432']);
  });

  it.each([
    ['postgres://a,b/db', 'read-write'],
    ['postgres://a,b/db?target_session_attrs=any', 'any'],
    ['postgres://a,b/db?target_session_attrs=primary', 'primary'],
    ['postgres://a/db?target_session_attrs=read-write', 'read-write'],
    ['postgres://a/db?hostaddr=10.0.0.1', 'any'],
  ])('have to be as %s says', (url, needs) => {
    expect(listOf(url).needs).toBe(needs);
  });

  it.each([
    'postgres://u:p@a:5433/db',
    'postgres://u:p,q@a/db?sslmode=require',
    'postgres://a/db?target_session_attrs=any',
    'postgres:///db?host=/run/postgresql',
    'postgres:///db',
  ])('are one, as any driver reads it, in %s', (url) => {
    expect(readHosts(url)).toBeUndefined();
  });
});
