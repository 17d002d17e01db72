import { z } from "zod";

/** A level of a topic: site, device, node, frame, setting. */
export const id = z.string().regex(/^[a-z0-9-]{1,64}$/, 'expected 1 to 64 of a-z, 0-9 and "-"');
export const nonNegative = z.number().min(0);
export const probability = z.number().min(0).max(1);
/** Milliseconds since 1970, at most the last moment that a `Date` can tell: a later one would throw wherever it is shown. */
export const timestamp = z.int().min(0).max(8.64e15);
/** Bytes of one frame, or sent for it. Up to a tebibyte, so that a recorder's sums of them stay within the integers of a number. */
export const byteCount = z
  .int()
  .min(0)
  .max(2 ** 40);
