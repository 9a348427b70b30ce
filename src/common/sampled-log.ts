/** Log lines that anybody from outside can cause: the first of a kind in a minute, and how many were left out. */
import type { Logger } from 'pino';

const WINDOW_MS = 60_000;
const MAX_KINDS = 10_000;

interface Window {
  readonly endsAt: number;
  leftOut: number;
  readonly fields: object;
}

export class SampledLog {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly logger: Logger,
    private readonly message: string,
  ) {}

  /** @param kind what counts as the same, such as a code and an address */
  info(kind: string, fields: object): void {
    const now = performance.now();
    const window = this.windows.get(kind);
    if (window !== undefined && window.endsAt > now) {
      window.leftOut += 1;
      return;
    }
    this.makeRoom(now);
    this.windows.delete(kind);
    this.windows.set(kind, { endsAt: now + WINDOW_MS, leftOut: 0, fields });
    this.logger.info(fields, this.message);
  }

  /** Windows are in the order of their ends. */
  private makeRoom(now: number): void {
    for (const [kind, { endsAt, leftOut, fields }] of this.windows) {
      if (endsAt > now && this.windows.size < MAX_KINDS) return;
      this.windows.delete(kind);
      if (leftOut > 0) this.logger.info({ ...fields, left_out: leftOut }, this.message);
    }
  }
}
