/** What both layouts of UCI HAR agree on. */
import { MeanetError } from "@meanet/runtime";

/** Body acceleration and total acceleration in g, angular velocity in rad/s. */
export const uciHarChannels = [
  "body_acc_x",
  "body_acc_y",
  "body_acc_z",
  "body_gyro_x",
  "body_gyro_y",
  "body_gyro_z",
  "total_acc_x",
  "total_acc_y",
  "total_acc_z",
] as const;

/** [C, T]. */
export const uciHarShape = [uciHarChannels.length, 128] as const;

/** Windows as a layout holds them; classes count from 0. */
export interface UciHarPart {
  /** n x 9 x 128 raw values. */
  readonly windows: Float32Array<SharedArrayBuffer>;
  readonly labels: Uint8Array<SharedArrayBuffer>;
  readonly subjects: Uint8Array<SharedArrayBuffer>;
}

export function corrupt(place: string, reason: string): MeanetError {
  return new MeanetError("DATASET_CORRUPT", `${place}: ${reason}`, { place });
}
