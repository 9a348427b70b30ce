/** How psql reaches the database of a URL. */
import pg from 'pg';

import { readHosts } from '../dist/config/host-list.js';

/** @param {string} url @returns a line for a shell */
export function psqlCommand(url) {
  const list = readHosts(url);
  // As the driver reads it: a parameter may say what the URL's parts do, such as the folder of a socket.
  const { host, port, user, database, password } = new pg.Client(list?.hosts[0].url ?? url);
  const { hosts, needs } = list ?? { hosts: [{ address: host, port }], needs: 'any' };
  const parameters = new URLSearchParams(url.split('?')[1]);
  const [addresses, ports] = ['address', 'port'].map((part) => hosts.map((each) => each[part]).join(','));
  const variables = {
    PGPASSWORD: password,
    // `no-verify` is a word of the driver.
    PGSSLMODE: parameters.get('sslmode')?.replace('no-verify', 'require'),
    PGSSLROOTCERT: parameters.get('sslrootcert'),
    PGTARGETSESSIONATTRS: needs === 'any' ? undefined : needs,
  };
  return [
    ...Object.entries(variables).flatMap(([name, value]) => (value ? [`${name}=${quoted(value)}`] : [])),
    ...['psql', '-h', quoted(addresses.replaceAll(/[[\]]/g, '')), '-p', ports, '-U', quoted(user), quoted(database)],
  ].join(' ');
}

function quoted(text) {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
