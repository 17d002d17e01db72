import { z } from "zod";
import { imageFormat } from "./image-format.ts";

/** A larger thumbnail is nobody's: it is neither published, stored nor served. */
export const MAX_THUMBNAIL_BYTES = 64 * 1024;

/** What a thumbnail may be: a picture that browsers show, or the outline of a sensor window, rows of numbers as JSON. */
const thumbnailTypes = ["image/jpeg", "image/png", "image/webp", "application/json"] as const;
export type ThumbnailType = (typeof thumbnailTypes)[number];

/** Most channels of an outline, and most points of each. */
const MAX_OUTLINE = { channels: 32, points: 128 } as const;

/** Rows of a window that was thinned out: C channels of equally many points. */
const outlineSchema = z
  .array(z.array(z.number()).min(1).max(MAX_OUTLINE.points))
  .min(1)
  .max(MAX_OUTLINE.channels)
  .refine((rows) => rows.every((row) => row.length === rows[0]?.length));

/**
 * The content type of a payload of `{device}/thumbnail/{id}`, by its bytes alone; undefined for what is too large and for anything
 * else: SVG and HTML, which a browser would run, are not among the types.
 */
export function thumbnailType(payload: Uint8Array): ThumbnailType | undefined {
  if (payload.byteLength > MAX_THUMBNAIL_BYTES) return undefined;
  const format = imageFormat(payload);
  if (format !== undefined) return `image/${format}`;
  return isOutline(payload) ? "application/json" : undefined;
}

/**
 * A sensor window as its thumbnail: each channel thinned out to at most `points` means, four digits each.
 *
 * @param readings - C·T raw values, channel after channel
 * @returns JSON rows, or undefined when it has more channels than a thumbnail may have
 */
export function encodeOutline(
  readings: ArrayLike<number>,
  [channels, length]: readonly [channels: number, readings: number],
  points: number = MAX_OUTLINE.points,
): Uint8Array | undefined {
  if (channels > MAX_OUTLINE.channels) return undefined;
  const width = Math.min(length, points, MAX_OUTLINE.points);
  const rows = Array.from({ length: channels }, (_, channel) =>
    Array.from({ length: width }, (_, point) => {
      const from = channel * length + Math.floor((point * length) / width);
      const to = channel * length + Math.floor(((point + 1) * length) / width);
      let sum = 0;
      for (let index = from; index < to; index++) sum += readings[index]!;
      return Number((sum / (to - from)).toPrecision(4));
    }),
  );
  return Buffer.from(JSON.stringify(rows));
}

function isOutline(payload: Uint8Array): boolean {
  // "[[": nothing else is worth parsing.
  if (payload[0] !== 0x5b || payload[1] !== 0x5b) return false;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    return outlineSchema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
