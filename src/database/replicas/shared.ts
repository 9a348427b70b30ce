import { setImmediate as turn } from 'node:timers/promises';

/** Work for all who ask before it begins, one run at a time: under load a run serves many. */
export class Shared<T> {
  private next: Promise<T> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly work: () => Promise<T>) {}

  join(): Promise<T> {
    if (this.next) return this.next;
    const next = this.last
      .then(() => turn())
      .then(() => {
        this.next = undefined;
        return this.work();
      });
    this.next = next;
    this.last = next.catch(() => undefined);
    return next;
  }
}
