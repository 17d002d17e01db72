import { MAX_THUMBNAIL_BYTES } from "@meanet/protocol";
import { durationMs } from "@meanet/runtime";
import { z } from "zod";

export const thumbnailsConfigSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("keep the small pictures that edge nodes publish, in thumbnails.sqlite, and serve them"),
    perDevice: z
      .int()
      .min(2)
      .max(100_000)
      .default(200)
      .describe(
        "most of each device; the oldest go first, those where edge and cloud disagree last, as long as they are not the greater half",
      ),
    sizeMb: z.number().positive().default(64).describe("most of all together"),
    age: durationMs.prefault("7d").describe("after which each is deleted"),
    maxBytes: z
      .int()
      .min(1)
      .max(MAX_THUMBNAIL_BYTES)
      .default(MAX_THUMBNAIL_BYTES)
      .describe("largest one; a larger one is left out and counted"),
  })
  .prefault({});
export type ThumbnailsConfig = z.output<typeof thumbnailsConfigSchema>;
