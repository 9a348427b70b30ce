/** Log lines that any client can cause: one per kind and minute, with the number of suppressed ones. */
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

  private makeRoom(now: number): void {
    for (const [kind, { endsAt, leftOut, fields }] of this.windows) {
      if (endsAt > now && this.windows.size < MAX_KINDS) return;
      this.windows.delete(kind);
      if (leftOut > 0) this.logger.info({ ...fields, left_out: leftOut }, this.message);
    }
  }
}
