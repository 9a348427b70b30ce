/** Connections on their way to a worker. Node forgets them when it is killed: its clients would wait for ever. */
import type { Worker } from 'node:cluster';

/** Of Node's own protocol (`lib/internal/cluster`). If it changes, nothing is found here, and nothing is handed on. */
interface Internal {
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

interface Handover {
  readonly message: Internal;
  readonly handle: { close(): void };
  readonly isAgain: boolean;
}

type Send = (message: Internal, handle: Handover['handle'] | undefined, ...more: unknown[]) => boolean;

export class Handovers {
  private again = 0;
  private readonly underway = new Map<Worker, Map<number, Handover>>();

  watch(worker: Worker): void {
    const open = new Map<number, Handover>();
    this.underway.set(worker, open);
    const child = worker.process as unknown as { send: Send };
    const send = child.send.bind(child);
    child.send = (message, handle, ...more) => {
      const { act, seq = 0 } = message;
      if (act === 'newconn' && handle) open.set(seq, { message, handle, isAgain: seq < 0 });
      return send(message, handle, ...more);
    };
    worker.process.on('internalMessage', ({ ack = 0 }: Internal) => {
      const handover = open.get(ack);
      open.delete(ack);
      if (handover?.isAgain) handover.handle.close();
    });
  }

  handOn(ended: Worker): void {
    const open = this.underway.get(ended)?.values() ?? [];
    this.underway.delete(ended);
    const [other] = this.underway.keys();
    for (const { message, handle } of open) {
      if (other) (other.process.send as Send)({ ...message, seq: (this.again -= 1) }, handle);
      else handle.close();
    }
  }
}
