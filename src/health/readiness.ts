/** Whether this instance wants requests: not once it is shutting down. */
import { Injectable } from '@nestjs/common';

@Injectable()
export class Readiness {
  draining = false;
}
