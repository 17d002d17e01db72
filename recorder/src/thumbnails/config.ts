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
        "pictures kept of each device; the oldest go first, and those where edge and cloud disagree last, as long as these are not more than half",
      ),
    sizeMb: z.number().positive().default(64).describe("megabytes kept of all devices together"),
    age: durationMs.prefault("7d").describe("age at which a picture is deleted"),
    maxBytes: z
      .int()
      .min(1)
      .max(MAX_THUMBNAIL_BYTES)
      .default(MAX_THUMBNAIL_BYTES)
      .describe("bytes of the largest picture kept; a larger one is left out and counted"),
  })
  .prefault({});
export type ThumbnailsConfig = z.output<typeof thumbnailsConfigSchema>;
