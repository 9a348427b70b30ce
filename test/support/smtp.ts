/** A real SMTP server that keeps what it is given, and misbehaves on request. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
}

type Answer = (mail: ReceivedMail) => Promise<void> | void;

export class Smtp {
  readonly mails: ReceivedMail[] = [];
  /** Asked for each recipient; what it throws is the answer. */
  onRecipient: (address: string) => void = () => undefined;
  /** Asked for each mail when its last line has come, before it is accepted. */
  onMail: Answer = () => undefined;
  private readonly server: SMTPServer;
  port = 0;

  private constructor(options: SMTPServerOptions) {
    this.server = new SMTPServer({
      authOptional: true,
      logger: false,
      disabledCommands: ['STARTTLS', 'AUTH'],
      closeTimeout: 1_000,
      ...options,
      onRcptTo: ({ address }, _session, done) => {
        try {
          this.onRecipient(address);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString();
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          const to = envelope.rcptTo.map(({ address }) => address);
          simpleParser(raw)
            .then(async (parsed) => {
              const mail = { from, to, raw, parsed };
              await this.onMail(mail);
              this.mails.push(mail);
            })
            .then(
              () => {
                done();
              },
              (error: unknown) => {
                done(error as Error);
              },
            );
        });
      },
    });
    // A client that breaks off is what some tests are about.
    this.server.on('error', () => undefined);
  }

  /** @param port of one that ended; 0: any */
  static async start(options: SMTPServerOptions = {}, port = 0): Promise<Smtp> {
    const smtp = new Smtp(options);
    const listening = smtp.server.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    smtp.port = (listening.address() as AddressInfo).port;
    return smtp;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  mailsTo(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

export function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** A TCP server that is no SMTP server. */
export class Impostor {
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(behave: (socket: Socket) => void) {
    this.server = createServer((socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      behave(socket);
    });
  }

  static async start(behave: (socket: Socket) => void): Promise<Impostor> {
    const impostor = new Impostor(behave);
    impostor.server.listen(0, '127.0.0.1');
    await once(impostor.server, 'listening');
    return impostor;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }
}
