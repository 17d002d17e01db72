import { type ThumbnailSource, thumbnailOf } from "@meanet/image";
import { toPlanes } from "@meanet/models";
import { decodeWindow, encodeOutline } from "@meanet/protocol";
import type { Config } from "../config.ts";
import type { Extended, Settled } from "../stages.ts";

/** The part of an answered frame that its thumbnail is made from. */
type Pictured = Pick<Settled | Extended, "frame" | "format" | "tensor"> & {
  readonly model: Pick<Settled["model"], "manifest">;
};

/**
 * The thumbnail of a frame: a small picture, or the outline of a sensor window; undefined for a window of too many channels.
 *
 * @throws {MeanetError} IMAGE_…, WRONG_SIZE when no picture can be made of it
 */
export async function makeThumbnail(
  { frame, format, tensor, model }: Pictured,
  { thumbnails, limits }: Pick<Config, "thumbnails" | "limits">,
): Promise<Uint8Array | undefined> {
  const { input } = model.manifest;
  if (input.kind === "window") return encodeOutline(decodeWindow(frame.payload, input.shape), input.shape);
  const source: ThumbnailSource =
    format === "raw" || format === "window"
      ? { format: "raw", pixels: toPlanes(tensor, input), shape: input.shape }
      : { format, bytes: frame.payload };
  const { maxPixels, maxBytesAsItCame } = thumbnails;
  return thumbnailOf(source, {
    maxPixels,
    maxBytesAsItCame,
    limits: { maxBytes: limits.frameBytes, maxPixels: limits.framePixels },
  });
}
