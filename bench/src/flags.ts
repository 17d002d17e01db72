import { type ParseArgsConfig, parseArgs } from "node:util";
import { MeanetError, reasonOf } from "@meanet/runtime";

/** As `parseArgs`. @param command - `npm run bench -- soak`, to be named @throws {MeanetError} CONFIG_INVALID */
export function parseFlags<T extends ParseArgsConfig>(
  command: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new MeanetError("CONFIG_INVALID", `${reason}; see ${command} --help`, {}, { cause });
  }
}

/** @throws {MeanetError} CONFIG_INVALID */
export function wholeNumber(flag: string, text: string, most = 1_000_000): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalidFlag(flag, text, `a whole number from 1 to ${most.toLocaleString("en")}`);
}

export function invalidFlag(flag: string, received: string, expected: string): MeanetError {
  return new MeanetError("CONFIG_INVALID", `${flag}: expected ${expected}, received "${received}"`, { flag });
}
