export { decodeImage, type ImageFormat, type ImageLimits, type ImageShape } from "./decode-image.ts";
export { decodeFrame, type FrameValues, readRaw } from "./frame.ts";
export { type ThumbnailOptions, type ThumbnailSource, thumbnailOf } from "./thumbnail.ts";
