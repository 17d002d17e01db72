import { MAX_THUMBNAIL_BYTES } from "@meanet/protocol";
import { durationMs } from "@meanet/runtime";
import { z } from "zod";

export const thumbnailsConfigSchema = z
  .strictObject({
    every: durationMs
      .prefault("0s")
      .describe(
        "publish a small picture of a frame for people, at most one of each device in this time; 0s: none",
      ),
    ofCloud: z
      .enum(["none", "disagreed", "answered"])
      .default("none")
      .describe(
        "also publish frames that the cloud answered: none, those where it disagreed with the edge, or all",
      ),
    ofCloudPerMinute: z
      .int()
      .min(1)
      .default(60)
      .describe("most pictures a minute of frames that the cloud answered, all devices together"),
    maxPixels: z.int().min(16).max(512).default(96).describe("longest side of a picture that is reduced"),
    maxBytesAsItCame: z
      .int()
      .min(0)
      .max(MAX_THUMBNAIL_BYTES)
      .default(8192)
      .describe("a picture of at most so many bytes, without metadata, goes as it came"),
    waiting: z
      .int()
      .min(1)
      .max(1024)
      .default(8)
      .describe("frames that wait to be reduced; more are left out and counted"),
  })
  .prefault({});
export type ThumbnailsConfig = z.output<typeof thumbnailsConfigSchema>;
