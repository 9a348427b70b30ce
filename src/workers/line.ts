/** Messages between the primary and one worker. Some are questions, and have an answer. */
export interface Message {
  readonly kind: string;
  readonly body?: unknown;
  readonly question?: number | undefined;
}

export type Handlers = Record<string, (body: never) => unknown>;

export class Line {
  private questions = 0;
  private readonly open = new Map<number, (answer: unknown) => void>();

  constructor(
    private readonly send: (message: Message) => void,
    readonly handlers: Handlers,
  ) {}

  tell(kind: string, body?: unknown): void {
    this.send({ kind, body });
  }

  ask<T>(kind: string): Promise<T>;
  ask<T>(kind: string, options: { patienceMs: number; body?: unknown }): Promise<T | undefined>;
  ask(kind: string, { body, patienceMs }: { patienceMs?: number; body?: unknown } = {}): Promise<unknown> {
    const question = (this.questions += 1);
    return new Promise((resolve) => {
      const settle = (answer?: unknown): void => {
        clearTimeout(timer);
        this.open.delete(question);
        resolve(answer);
      };
      const timer = patienceMs === undefined ? undefined : setTimeout(settle, patienceMs);
      this.open.set(question, settle);
      this.send({ kind, body, question });
    });
  }

  async receive({ kind, body, question }: Message): Promise<void> {
    if (kind === 'answer') this.open.get(question ?? 0)?.(body);
    else {
      const answer = await this.handlers[kind]?.(body as never);
      if (question !== undefined) this.send({ kind: 'answer', body: answer, question });
    }
  }
}
