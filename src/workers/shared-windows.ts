/** Windows of rate limits that begin and end at the same moments in all processes of a machine. */
import { type Counter, MemoryCounters } from '../limits/counters.js';
import type { Policy } from '../limits/policies.js';

/** Of a limit: how much may be counted before other processes hear of it. */
const STEP = 0.04;
const SAME_MS = 1_000;

/** From a process' own clock to the machine's monotonic one. */
const TO_MACHINE = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export interface Counted {
  readonly policy: Policy;
  readonly tracker: string;
  readonly endsAt: number;
  readonly hits: number;
}

export class SharedWindows extends MemoryCounters {
  constructor() {
    super(endOf);
  }

  /** @returns undefined for a message of the last window that arrives in the next one */
  of({ policy, tracker, endsAt }: Counted): Counter | undefined {
    const counter = this.at(policy, tracker);
    return Math.abs(counter.endsAt + TO_MACHINE - endsAt) < SAME_MS ? counter : undefined;
  }

  counted(policy: Policy, tracker: string): Counted {
    const { endsAt, hits } = this.at(policy, tracker);
    return { policy, tracker, endsAt: endsAt + TO_MACHINE, hits };
  }
}

export function stepOf({ limit }: Policy, workers = 1): number {
  return Math.max(1, Math.floor((limit * STEP) / workers));
}

/** Trackers differ in their phase (FNV-1a), so that their windows do not all end at once. */
function endOf({ windowMs }: Policy, tracker: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < tracker.length; index += 1)
    hash = Math.imul(hash ^ tracker.charCodeAt(index), 0x01000193);
  const phase = (hash >>> 0) % windowMs;
  const sincePhase = performance.now() + TO_MACHINE + phase;
  return (Math.floor(sincePhase / windowMs) + 1) * windowMs - phase - TO_MACHINE;
}
