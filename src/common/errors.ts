import type { ErrorCode } from './error-codes.js';

export interface FieldError {
  /** JSON Pointer as a URI fragment (RFC 9457 section 3): `#/title`. */
  readonly pointer: string;
  readonly in?: 'query' | 'header';
  readonly code: string;
  readonly detail: string;
}

export interface AppErrorOptions extends ErrorOptions {
  readonly fields?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  readonly policies?: readonly string[] | undefined;
  readonly proofs?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly alarm?: string | undefined;
}

export class AppError extends Error {
  readonly fields: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly policies: readonly string[] | undefined;
  readonly proofs: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly alarm: string | undefined;

  constructor(
    readonly code: ErrorCode,
    options: AppErrorOptions = {},
  ) {
    super(code, options);
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.policies = options.policies;
    this.proofs = options.proofs;
    this.headers = options.headers ?? {};
    this.alarm = options.alarm;
  }
}

export function invalid(...fields: FieldError[]): AppError {
  return new AppError('validation_failed', { fields });
}
