import { randomBytes, randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';

@Injectable()
export class Random {
  bytes(size: number): Buffer {
    return randomBytes(size);
  }

  uuid(): string {
    return randomUUID();
  }
}
