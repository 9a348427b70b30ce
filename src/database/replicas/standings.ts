/** Judges what servers say of themselves: whether one is a replica of the primary, and since when it is behind. */
import { type Replica, REPLICAS } from './replica.js';
import type { Standing } from './replicas.query.js';

export const ELSEWHERE = 'it is of another server, or of another database';

interface Sample {
  readonly at: number;
  readonly position: number;
}

export class Standings {
  private server: string | undefined;
  private samples: readonly Sample[] = [];

  /** @param at before the primary was asked */
  note({ isReplica, server, position }: Standing, at: number): void {
    if (isReplica) return;
    const known = server === this.server ? this.samples : [];
    this.server = server;
    this.samples = [...known.filter((sample) => at - sample.at <= REPLICAS.lateMs), { at, position }];
  }

  judge(replica: Replica, { isReplica, server, position }: Standing): string | undefined {
    if (!isReplica) return 'it is no replica: it accepts writes';
    if (this.server === undefined) return 'the primary does not answer';
    if (server !== this.server) return ELSEWHERE;
    const shown = this.samples.findLast((sample) => sample.position <= position);
    if (position < replica.position) replica.currentAt = -Infinity;
    replica.position = position;
    if (shown) replica.currentAt = shown.at;
    if (replica.lagMs > REPLICAS.lateMs) return 'it is late';
    return replica.rests ? 'it is slow' : undefined;
  }
}
