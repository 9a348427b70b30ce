/** The test kit as suites see it. `testing/index.d.ts` says what a client is. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

export interface StartOptions {
  /** Variables of the configuration. The environment and `.env` are not read. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface NewUser {
  readonly username: string;
  /** `<username>@example.org` by default. */
  readonly email?: string;
  readonly role?: 'user' | 'moderator' | 'admin';
  /** Whether the address is confirmed: true by default. */
  readonly confirmed?: boolean;
}

export interface SignedIn {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly password: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface TestUser<Client> extends SignedIn {
  readonly client: Client;
}

export interface TestMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly created_at: string;
  readonly link: string | undefined;
  /** Of the link. */
  readonly token: string | undefined;
  /** The six digits of a confirmation. */
  readonly code: string | undefined;
}

export interface Roost<Client> {
  readonly url: string;
  /** The lines that were logged since the start or the last reset. */
  readonly log: readonly string[];
  readonly clock: {
    now(): Date;
    /** Moves the time of Node and of the database forward. */
    advance(duration: Duration): void;
  };
  readonly mail: {
    /** @param subject part of it. @throws Error when there is none */
    latest(to: string, subject?: string): Promise<TestMail>;
    /** The newest first, 200 at most. */
    all(to?: string): Promise<TestMail[]>;
  };
  client(): Client;
  /** A new session of an account, which is made when there is none of this username. */
  as(user: string | NewUser): Promise<TestUser<Client>>;
  /** Erases, cleans up and counts what is due now: jobs keep their real intervals when the clock moves. */
  runJobs(): Promise<void>;
  /** No rows, and the real time. Numbers of rows go on. */
  reset(): Promise<void>;
  /** Keeps data and time. Restarts the server on its port, as does `restore`. */
  snapshot(name?: string): Promise<void>;
  restore(name?: string): Promise<void>;
  /** Also drops the snapshots. */
  stop(): Promise<void>;
}
