/** Calls from one thread to another as promises: `Calls` asks, `serve` answers. */

import { messageOf } from "./archive.js";
import { RuntimeError, ValueError } from "./errors.js";

/** Calls by name, with their arguments and results. */
export type Protocol<P> = { [Name in keyof P]: [argument: unknown, result: unknown] };

export interface Request<P extends Protocol<P>, Name extends keyof P = keyof P> {
  readonly id: number;
  readonly call: Name;
  readonly argument: P[Name][0];
}

/** `fatal`: the other side broke down, nothing more can be expected of it. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string; readonly fatal: boolean } };

/** What calls go through: a `Worker`, or what is like one. */
export interface CalledWorker {
  onmessage: ((event: MessageEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The asking side. Once the worker has broken down, every call fails. */
export class Calls<P extends Protocol<P>> {
  readonly #worker: CalledWorker;
  readonly #crashOf: (reason: string) => Error;
  readonly #pending = new Map<number, Pending>();
  #crash: Error | undefined;
  #count = 0;

  /** @param crashOf makes the error of a breakdown. */
  constructor(worker: CalledWorker, crashOf: (reason: string) => Error) {
    this.#worker = worker;
    this.#crashOf = crashOf;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    worker.onerror = (event) => this.fail(event.message || "its script could not be loaded");
    worker.onmessageerror = () => this.fail("a message could not be read");
  }

  get crashed(): boolean {
    return this.#crash !== undefined;
  }

  ask<Name extends keyof P>(call: Name, argument: P[Name][0], transfer: Transferable[] = []): Promise<P[Name][1]> {
    if (this.#crash) return Promise.reject(this.#crash);
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      const request: Request<P, Name> = { id, call, argument };
      this.#worker.postMessage(request, transfer);
    });
  }

  /** Ends the worker; what is still asked of it fails. */
  fail(reason: string): void {
    this.#crash ??= this.#crashOf(reason);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.#crash);
    this.#pending.clear();
  }

  #take(reply: Reply): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("result" in reply) return waiting?.resolve(reply.result);
    const { name, message, fatal } = reply.error;
    waiting?.reject(fatal ? this.#crashOf(message) : name === "ValueError" ? new ValueError(message) : new RuntimeError(message));
    if (fatal) this.fail(message);
  }
}

export type Handlers<P extends Protocol<P>> = { [Name in keyof P]: (argument: P[Name][0]) => Promise<P[Name][1]> };

interface Served<P extends Protocol<P>> {
  readonly handlers: Handlers<P>;
  /** Calls that need not wait for one another. Every other call waits for all before it, and they for it. */
  readonly overlapping?: readonly (keyof P)[];
  /** Calls whose failure is always fatal; elsewhere only what is no fault of the caller's is. */
  readonly vital?: readonly (keyof P)[];
  /** Buffers of a result that are handed over instead of copied. */
  readonly handedOver?: (call: keyof P, result: unknown) => Transferable[];
}

/** The answering side: a worker's global scope, or what is like one. */
export interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, options: { transfer: Transferable[] }): void;
}

/** Answers the calls that reach `scope`. */
export function serve<P extends Protocol<P>>(scope: Scope, { handlers, overlapping = [], vital = [], handedOver }: Served<P>): void {
  let barrier: Promise<unknown> = Promise.resolve(), since: Promise<void>[] = [];
  const answer = async ({ id, call, argument }: Request<P>): Promise<void> => {
    let reply: Reply, transfer: Transferable[] = [];
    try {
      const result = await handlers[call](argument);
      reply = { id, result };
      transfer = handedOver?.(call, result) ?? [];
    } catch (error) {
      const { name } = error instanceof Error ? error : new Error();
      const fatal = vital.includes(call) || !(error instanceof ValueError || error instanceof RuntimeError);
      reply = { id, error: { name, message: messageOf(error), fatal } };
    }
    scope.postMessage(reply, { transfer });
  };
  scope.onmessage = ({ data }: MessageEvent<Request<P>>) => {
    const answered = Promise.all(overlapping.includes(data.call) ? [barrier] : [barrier, ...since]).then(() => answer(data));
    if (overlapping.includes(data.call)) since.push(answered);
    else [barrier, since] = [answered, []];
  };
}
