/** Bounds concurrent requests per person; others queue, so that nobody occupies the whole pool. */
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, from, type Observable, switchMap } from 'rxjs';

import type { AuthenticatedRequest } from '../common/access.js';
import { AppError } from '../common/errors.js';

export const TURNS = { waiting: 200 };

interface Turns {
  running: number;
  readonly waiting: (() => void)[];
}

@Injectable()
export class UserTurns implements NestInterceptor {
  private readonly byUser = new Map<string, Turns>();

  constructor(private readonly atOnce: number) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const userId = context.switchToHttp().getRequest<AuthenticatedRequest>().user?.userId;
    if (userId === undefined) return next.handle();
    return from(this.turn(userId)).pipe(
      switchMap(() =>
        next.handle().pipe(
          finalize(() => {
            this.leave(userId);
          }),
        ),
      ),
    );
  }

  private turn(userId: string): Promise<void> {
    const turns = this.byUser.get(userId) ?? { running: 0, waiting: [] };
    this.byUser.set(userId, turns);
    if (turns.running < this.atOnce) {
      turns.running += 1;
      return Promise.resolve();
    }
    if (turns.waiting.length >= TURNS.waiting) throw new AppError('rate_limited', { retryAfterSeconds: 1 });
    return new Promise((start) => turns.waiting.push(start));
  }

  private leave(userId: string): void {
    const turns = this.byUser.get(userId);
    if (!turns) return;
    const next = turns.waiting.shift();
    if (next) next();
    else if ((turns.running -= 1) === 0) this.byUser.delete(userId);
  }
}
