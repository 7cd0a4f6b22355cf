/** What may end something that the user asked for. */

/** Something is wrong with what the user gave; the message is for them. */
export class InputProblem extends Error {}

/** Whether it was ended by the user. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
