/** Its message is a sentence for the person who runs the command. Nothing has been written then. */
export class Refusal extends Error {}
