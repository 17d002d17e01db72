import type { FrameFormat } from "./complex.ts";

/** How a picture is written. */
type ImageFormat = Exclude<FrameFormat, "raw" | "window">;

/** JPEG, PNG or WebP by magic bytes; undefined for anything else, which may still be a raw tensor. */
export function imageFormat(payload: Uint8Array): ImageFormat | undefined {
  if (startsWith(payload, 0, [0xff, 0xd8, 0xff])) return "jpeg";
  if (startsWith(payload, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  // "RIFF", four bytes of length, "WEBP"
  if (startsWith(payload, 0, [0x52, 0x49, 0x46, 0x46]) && startsWith(payload, 8, [0x57, 0x45, 0x42, 0x50]))
    return "webp";
  return undefined;
}

function startsWith(payload: Uint8Array, offset: number, magic: readonly number[]): boolean {
  return magic.every((byte, index) => payload[offset + index] === byte);
}
