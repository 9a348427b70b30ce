/** The body of an answer that has nothing else to say. */
import { ApiText } from './fields.js';
export class MessageResponse {
  @ApiText(200)
  message: string;
}
