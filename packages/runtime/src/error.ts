import type { ErrorCode } from "./error-codes.ts";

/**
 * An error with a stable code of the table in `error-codes.ts`.
 *
 * The message says what was wrong, what was expected and what to do; `details` holds the same as data, for logs.
 */
export class MeanetError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "MeanetError";
    this.code = code;
    this.details = details;
  }
}

/** What went wrong, in words, of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether `error` is a {@link MeanetError}, of one of `codes` when any are given. */
export function isMeanetError(error: unknown, ...codes: ErrorCode[]): error is MeanetError {
  return error instanceof MeanetError && (codes.length === 0 || codes.includes(error.code));
}
