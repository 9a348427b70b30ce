/** Whether this instance wants requests: not once it is shutting down. */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

@Injectable()
export class Readiness implements OnModuleDestroy {
  draining = false;

  onModuleDestroy(): void {
    this.draining = true;
  }
}
