import { z } from "zod";

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of `"250ms"`, `"30s"`, `"15m"`, `"2h"`, `"7d"`; undefined for anything else, bare numbers too. */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * unitMs[unit as keyof typeof unitMs];
}

/** A setting that is a span of time: written with its unit, read as milliseconds. A bare number is an error. */
export const durationMs = z
  .string({ error: (issue) => `expected a duration such as "30s", received ${JSON.stringify(issue.input)}` })
  .transform((text, context) => {
    const parsed = parseDurationMs(text);
    if (parsed !== undefined) return parsed;
    context.issues.push({
      code: "custom",
      input: text,
      message: `expected a duration such as "250ms", "30s", "15m", "2h" or "7d", received "${text}"`,
    });
    return z.NEVER;
  });

/** Node's timers take anything past this for 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A {@link durationMs} that a timer waits for, again and again perhaps: neither none at all nor more than timers can. */
export const timerMs = durationMs.refine(
  (ms) => ms >= 1 && ms <= LONGEST_TIMER_MS,
  'expected "1ms" or more, up to "24d"',
);
