/** The body of an answer that has nothing else to say. */
export class MessageResponse {
  message: string;
}
