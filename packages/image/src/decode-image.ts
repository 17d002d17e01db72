import { isMeanetError, MeanetError, reasonOf } from "@meanet/runtime";
import sharp from "sharp";

/** Channels, height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

const imageFormats = ["jpeg", "png", "webp"] as const;
export type ImageFormat = (typeof imageFormats)[number];

export interface ImageLimits {
  /** Longest accepted file. */
  readonly maxBytes: number;
  /** Most pixels the file may unfold to: a few kilobytes of PNG can claim gigabytes. */
  readonly maxPixels: number;
}

/**
 * Longest side: what a JPEG can have. Rows cost time of their own: a PNG of one column and 25 million rows, 48 kB, took 12 s.
 */
const MAX_SIDE = 65_535;

// One libvips thread per picture and no cache: frames are small, all different, and the cores belong to the engines.
sharp.concurrency(1);
sharp.cache(false);

/**
 * The pixels of a JPEG, PNG or WebP in the shape a model wants.
 *
 * Turned upright by its EXIF orientation, laid over black where transparent, stretched to H x W when its size differs.
 * How many run at once is the caller's to bound.
 *
 * @param format - that the bytes are said to be; left out: any of the three
 * @param shape - C is 1 (luminance) or 3 (sRGB)
 * @returns planes, shape [C, H, W], one byte per value
 * @throws {MeanetError} IMAGE_TOO_LARGE, IMAGE_UNDECODABLE
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: { readonly format?: ImageFormat; readonly shape: ImageShape; readonly limits: ImageLimits },
): Promise<Uint8Array<ArrayBuffer>> {
  const { format, shape, limits } = options;
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new MeanetError(
      "WRONG_SIZE",
      `${aPicture(format)} has 1 or 3 channels, the model wants ${channels}: send raw tensors instead`,
      { format, channels },
    );
  }
  try {
    const { image, metadata: size } = await openImage(bytes, format, limits);
    const upright = image.autoOrient().flatten({ background: "black" });
    const { data, info } = await (size.width === width && size.height === height
      ? upright
      : upright.resize(width, height, { fit: "fill" })
    )
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return toPlanes(data, info.channels, shape);
  } catch (cause) {
    throw imageError(cause, format, limits);
  }
}

/** From pixel after pixel, [H, W, C], to plane after plane, [C, H, W]. */
function toPlanes(pixels: Uint8Array, stride: number, [channels, height, width]: ImageShape) {
  const size = height * width;
  const planes = new Uint8Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    // A grey picture that a three-channel model sees: libvips keeps its single band.
    const from = Math.min(channel, stride - 1);
    for (let index = 0; index < size; index++)
      planes[channel * size + index] = pixels[index * stride + from]!;
  }
  return planes;
}

/**
 * A file, looked at before any of it is unfolded: within the limits, and of the format that it is said to be, or of any that is known.
 * Sharp would read others too, SVG among them.
 *
 * @throws {MeanetError} IMAGE_TOO_LARGE, IMAGE_UNDECODABLE; sharp's own errors, for {@link imageError}
 */
export async function openImage(bytes: Uint8Array, format: ImageFormat | undefined, limits: ImageLimits) {
  if (bytes.byteLength > limits.maxBytes) {
    throw new MeanetError(
      "IMAGE_TOO_LARGE",
      `${format ?? "picture"} of ${bytes.byteLength} bytes, at most ${limits.maxBytes} allowed: send it smaller`,
      { bytes: bytes.byteLength, maxBytes: limits.maxBytes },
    );
  }
  // "error": a damaged or truncated picture fails, the warnings that many cameras provoke do not.
  const image = sharp(bytes, { failOn: "error", limitInputPixels: limits.maxPixels });
  const metadata = await image.metadata();
  const expected: readonly string[] = format === undefined ? imageFormats : [format];
  if (!expected.includes(metadata.format)) {
    throw new MeanetError(
      "IMAGE_UNDECODABLE",
      `the bytes are ${metadata.format}, expected a ${expected.join(", ")} image`,
      { format, found: metadata.format },
    );
  }
  const { width, height } = metadata;
  if (Math.max(width, height) > MAX_SIDE) {
    throw new MeanetError(
      "IMAGE_TOO_LARGE",
      `the ${metadata.format} is ${width} x ${height}, at most ${MAX_SIDE} pixels a side allowed: send it smaller`,
      { format: metadata.format, width, height, maxSide: MAX_SIDE },
    );
  }
  return { image, metadata };
}

/** The error that a failure of sharp means. */
export function imageError(
  cause: unknown,
  format: ImageFormat | undefined,
  { maxPixels }: ImageLimits,
): MeanetError {
  if (isMeanetError(cause)) return cause;
  const message = reasonOf(cause);
  if (/exceeds pixel limit/i.test(message)) {
    return new MeanetError(
      "IMAGE_TOO_LARGE",
      `the ${format ?? "picture"} unfolds to more than ${maxPixels} pixels: send it smaller`,
      { format, maxPixels },
      { cause },
    );
  }
  return new MeanetError(
    "IMAGE_UNDECODABLE",
    `not ${aPicture(format, "readable ")}: ${message.slice(0, 200)}`,
    { format },
    { cause },
  );
}

function aPicture(format: ImageFormat | undefined, kind = ""): string {
  return `a ${kind}${format === undefined ? "picture" : `${format} image`}`;
}
