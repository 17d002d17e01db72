export { decodeImage, type ImageFormat, type ImageLimits, type ImageShape } from "./decode-image.ts";
export { decodeFrame, type ImageInput, readRaw, toTensor } from "./tensor.ts";
