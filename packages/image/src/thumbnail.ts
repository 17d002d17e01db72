import { MeanetError } from "@meanet/runtime";
import sharp, { type Metadata, type Sharp } from "sharp";
import {
  type ImageFormat,
  type ImageLimits,
  type ImageShape,
  imageError,
  openImage,
} from "./decode-image.ts";

/** Past this a small file is reduced all the same: browsers unfold what it claims. */
const MAX_SIDE_AS_IT_CAME = 1024;
/** Lossy WebP that people still tell classes by. */
const QUALITY = 70;

export interface ThumbnailOptions {
  /** Longest side of a reduced picture. */
  readonly maxPixels: number;
  /** A picture of at most so many bytes goes as it came. */
  readonly maxBytesAsItCame: number;
  /** Of the picture that is reduced. */
  readonly limits: ImageLimits;
}

/** A picture as a device sent it, or the pixels of one that came as a model's input. */
export type ThumbnailSource =
  | { readonly format: ImageFormat; readonly bytes: Uint8Array }
  /** `pixels`: planes, shape [C, H, W], C = 1 (luminance) or 3 (sRGB). */
  | { readonly format: "raw"; readonly pixels: Uint8Array; readonly shape: ImageShape };

/**
 * A small picture of a frame, for people and their browsers.
 *
 * What is small already goes as it came, unless it bears metadata (a camera's EXIF may tell where it stands). All else becomes WebP:
 * upright, at most `maxPixels` on its longest side, never enlarged, without metadata. Raw pixels that fit stay as they are,
 * lossless.
 *
 * @throws {MeanetError} IMAGE_TOO_LARGE, IMAGE_UNDECODABLE; WRONG_SIZE for pixels of other than 1 or 3 channels
 */
export async function thumbnailOf(
  source: ThumbnailSource,
  { maxPixels, maxBytesAsItCame, limits }: ThumbnailOptions,
): Promise<Uint8Array> {
  if (source.format === "raw") {
    const [, height, width] = source.shape;
    const fits = Math.max(height, width) <= maxPixels;
    return reduce(fromPixels(source.pixels, source.shape), maxPixels, fits);
  }
  const { format, bytes } = source;
  try {
    const { image, metadata } = await openImage(bytes, format, limits);
    if (bytes.byteLength <= maxBytesAsItCame && isPlain(metadata)) return bytes;
    return await reduce(image.autoOrient(), maxPixels, false);
  } catch (cause) {
    throw imageError(cause, format, limits);
  }
}

/** Of modest size and with nothing in it but the picture. */
function isPlain({ width, height, exif, xmp, iptc, comments, pages = 1 }: Metadata): boolean {
  const notes = exif ?? xmp ?? iptc ?? comments;
  return Math.max(width, height) <= MAX_SIDE_AS_IT_CAME && notes === undefined && pages === 1;
}

async function reduce(image: Sharp, maxPixels: number, lossless: boolean): Promise<Uint8Array> {
  return image
    .resize(maxPixels, maxPixels, { fit: "inside", withoutEnlargement: true })
    .webp(lossless ? { lossless } : { quality: QUALITY })
    .toBuffer();
}

/** From plane after plane, [C, H, W], to pixel after pixel, [H, W, C]. */
function fromPixels(planes: Uint8Array, [channels, height, width]: ImageShape): Sharp {
  const size = height * width;
  if ((channels !== 1 && channels !== 3) || planes.length !== channels * size) {
    throw new MeanetError(
      "WRONG_SIZE",
      `no picture can be made of ${planes.length} bytes for ${channels}x${height}x${width}: expected planes of 1 or 3 channels`,
      { bytes: planes.length, shape: [channels, height, width] },
    );
  }
  const pixels = new Uint8Array(planes.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let index = 0; index < size; index++)
      pixels[index * channels + channel] = planes[channel * size + index]!;
  }
  return sharp(pixels, { raw: { width, height, channels } });
}
