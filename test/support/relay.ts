/** A wire to the database that tests cut and freeze. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Relay {
  private readonly sockets = new Set<Socket>();
  private frozen = false;
  /** As a transaction pooler does: what the server notifies does not arrive. Of connections made from then on. */
  dropNotifications = false;
  /** As a pooler does: clients get keys of its own. Of connections made from then on. */
  isPooler = false;
  /** Of what a client sends: it is passed on, and the connection breaks before its answer. */
  breaksAt: (bytes: Buffer) => boolean = () => false;
  /** Milliseconds that everything takes, each way. */
  delayMs = 0;
  private server: Server;
  private port = 0;

  private constructor(private target: URL) {}

  static async to(databaseUrl: string): Promise<Relay> {
    const relay = new Relay(new URL(databaseUrl));
    await relay.restore();
    return relay;
  }

  /** The database, by way of this relay. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Connections break, and new ones are refused. */
  async cut(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  /** Connections stay, and nothing comes through. */
  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** What was held back comes through. */
  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Connections die without a word, as with a host that is gone; new ones work. */
  strand(): void {
    for (const socket of this.sockets) socket.pause();
  }

  /** Connections made from now on lead elsewhere. */
  redirect(databaseUrl: string): void {
    this.target = new URL(databaseUrl);
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    if (this.server.listening) await this.cut();
  }

  /** Accepts connections again, at the same address. */
  async restore(): Promise<void> {
    this.server = createServer((client) => {
      this.join(client);
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  private filter(): (bytes: Buffer) => Buffer {
    if (this.dropNotifications) return messageFilter((message) => (isOf(message, 'A') ? [] : [message]));
    if (this.isPooler) return messageFilter((message) => [isOf(message, 'K') ? withOtherKey(message) : message]);
    return (bytes) => bytes;
  }

  private join(client: Socket): void {
    const database = connect(Number(this.target.port), this.target.hostname);
    const filter = this.filter();
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (bytes) => {
        const passed = from === database ? filter(bytes) : bytes;
        if (from === client && this.breaksAt(bytes)) to.write(passed, () => from.resetAndDestroy());
        else if (this.delayMs === 0) to.write(passed);
        else setTimeout(() => to.write(passed), this.delayMs);
      });
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.frozen) from.pause();
    }
  }
}

/** Passes on the server's messages (type, length, content) as they are changed: `A` notifies, `K` has the connection's key. */
function messageFilter(change: (message: Buffer) => Buffer[]): (bytes: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const passed: Buffer[] = [];
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const end = 1 + rest.readUInt32BE(1);
      passed.push(...change(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
    return Buffer.concat(passed);
  };
}

function isOf(message: Buffer, type: string): boolean {
  return message[0] === type.charCodeAt(0);
}

function withOtherKey(message: Buffer): Buffer {
  const changed = Buffer.from(message);
  changed.writeInt32BE(changed.readInt32BE(5) + 1, 5);
  return changed;
}
