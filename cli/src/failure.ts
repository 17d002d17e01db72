import { type ErrorCode, isMeanetError } from "@meanet/runtime";
import pc from "picocolors";

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** `CODE: message` for what somebody can act on; the stack for a bug. */
export function describeFailure(error: unknown): string {
  if (isMeanetError(error)) return `${error.code}: ${error.message}`;
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return String(error);
}

/** Null for a bug. */
export function codeOf(error: unknown): ErrorCode | null {
  return isMeanetError(error) ? error.code : null;
}

export function reportFailure(error: unknown): void {
  console.error(pc.createColors(process.stderr.isTTY === true).red(describeFailure(error)));
}
