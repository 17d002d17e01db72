import type { LabelledImages } from "@meanet/models";
import { encodePng } from "./png.ts";

/** How a simulated camera sends its picture: a lossless PNG, or the bytes of the model's input. */
export const frameEncodings = ["png", "raw"] as const;
export type FrameEncoding = (typeof frameEncodings)[number];

export interface LabelledFrame {
  readonly payload: Uint8Array;
  readonly classIndex: number;
  readonly label: string;
}

export interface FrameSource {
  readonly count: number;
  /** The frame at a place of an endless row: after the last comes the first. */
  at(index: number): LabelledFrame;
}

export function frameSource(
  images: LabelledImages,
  classes: readonly string[],
  encoding: FrameEncoding,
): FrameSource {
  const [channels, height, width] = images.shape;
  const bytes = channels * height * width;
  return {
    count: images.count,
    at(index) {
      const position = index % images.count;
      const planes = images.images.slice(position * bytes, (position + 1) * bytes);
      const classIndex = images.labels[position]!;
      return {
        payload: encoding === "png" ? encodePng(planes, images.shape) : planes,
        classIndex,
        label: classes[classIndex]!,
      };
    },
  };
}
