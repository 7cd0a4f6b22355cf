/** Errors with the names that the Python SDK raises, each saying what was wrong and what to do. */

/** Input that cannot be used. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** A call at the wrong time: another running mode, or after `close()`. */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
}
