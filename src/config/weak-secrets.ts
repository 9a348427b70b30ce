/** What makes a secret too weak to start with. */

const MIN_BYTES = 32;
const SAMPLE =
  /change[-_ ]?me|replace|example|sample|secret|password|default|insecure|development|0123456|abcdefg|qwerty/i;
const DEFAULT_PASSWORDS = new Set([
  'postgres',
  'password',
  'admin',
  'root',
  'secret',
  'changeme',
  'roost',
  'test',
  '123456',
]);

export interface Weakness {
  readonly message: string;
  /** Holds outside production, too: RFC 7518 section 3.2 wants a key of at least the hash's size. */
  readonly always: boolean;
}

export function weakness(secret: string): Weakness | undefined {
  if (Buffer.byteLength(secret) < MIN_BYTES)
    return { message: `must have at least ${MIN_BYTES} bytes (openssl rand -base64 48 makes one)`, always: true };
  if (SAMPLE.test(secret) || new Set(secret).size < 10) {
    return {
      message: 'looks like a sample or a pattern, which production refuses (openssl rand -base64 48 makes a real one)',
      always: false,
    };
  }
  return undefined;
}

/** Whether a database URL's password is one that everybody knows. */
export function hasDefaultPassword(url: string): boolean {
  const { username, password } = new URL(url);
  return (
    password !== '' && (DEFAULT_PASSWORDS.has(decodeURIComponent(password).toLowerCase()) || password === username)
  );
}
