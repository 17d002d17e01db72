/**
 * What poor light does to pictures, in the order in which a camera suffers it: the lens blurs, less light arrives, photons are
 * counted, the sensor adds noise of its own. Seeded, so that a frame is corrupted alike in every run.
 */
import { normal, type Random } from "../training/random.ts";

export interface Corruption {
  /** Standard deviation of the Gaussian blur, pixels; 0 leaves the picture sharp. */
  readonly blurPx: number;
  /** Light that is left, of 1. */
  readonly gain: number;
  /** Exponent of the tone curve, applied to the light that is left of 1; above 1 the shadows sink further. */
  readonly gamma: number;
  /** Photons of a white pixel in full light: their number's variance is the number itself. Infinity counts without noise. */
  readonly photons: number;
  /** Standard deviation of the sensor's own noise, of 1. */
  readonly readNoise: number;
}

/**
 * Dusk of a severity: blur, dark and noise grow together.
 *
 * @param severity - 0 leaves the picture as it is; at 1 three stops of light are gone
 */
export function lowLight(severity: number): Corruption {
  return {
    blurPx: 1.2 * severity,
    gain: 2 ** (-3 * severity),
    gamma: 1 + 0.4 * severity,
    photons: severity === 0 ? Number.POSITIVE_INFINITY : 100 / severity,
    readNoise: 0.03 * severity,
  };
}

/**
 * A corrupted copy of one picture.
 *
 * @param planes - [C, H, W] bytes
 * @param random - equal draws give equal pictures; two draws are taken of it per byte, whatever the corruption
 * @returns [C, H, W] bytes
 */
export function corrupt(
  planes: Uint8Array,
  shape: readonly [number, number, number],
  corruption: Corruption,
  random: Random,
): Uint8Array {
  const { gain, gamma, photons, readNoise } = corruption;
  const light = blurred(planes, shape, corruption.blurPx);
  const out = new Uint8ClampedArray(light.length);
  for (const [index, value] of light.entries()) {
    const signal = (value * gain) ** gamma;
    const deviation = Math.sqrt(signal / photons + readNoise * readNoise);
    out[index] = 255 * (signal + deviation * normal(random));
  }
  return new Uint8Array(out.buffer);
}

/** Light of [0, 1] after a separable Gaussian of three deviations; the edge pixels go on beyond the edge. */
function blurred(
  planes: Uint8Array,
  [channels, height, width]: readonly [number, number, number],
  blurPx: number,
): Float64Array {
  const light = Float64Array.from(planes, (byte) => byte / 255);
  if (blurPx === 0) return light;
  const kernel = gaussian(blurPx);
  const reach = (kernel.length - 1) / 2;
  const rows = new Float64Array(light.length);
  for (let row = 0; row < channels * height; row++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [tap, weight] of kernel.entries()) {
        sum += weight * light[row * width + clamp(x + tap - reach, width)]!;
      }
      rows[row * width + x] = sum;
    }
  }
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (const [tap, weight] of kernel.entries()) {
          sum += weight * rows[(channel * height + clamp(y + tap - reach, height)) * width + x]!;
        }
        light[(channel * height + y) * width + x] = sum;
      }
    }
  }
  return light;
}

function gaussian(deviation: number): Float64Array {
  const reach = Math.max(1, Math.ceil(3 * deviation));
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, tap) =>
    Math.exp(-0.5 * ((tap - reach) / deviation) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function clamp(position: number, length: number): number {
  return Math.min(Math.max(position, 0), length - 1);
}
