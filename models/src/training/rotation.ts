import type { Random } from "./random.ts";

type Row = readonly [number, number, number];

/** A rotation of space, by rows. */
export type Rotation = readonly [Row, Row, Row];

/**
 * A rotation about an axis drawn uniformly from the sphere.
 *
 * @param greatest - radians; the angle is uniform in [-greatest, greatest]
 * @see Rodrigues' formula
 */
export function randomRotation(greatest: number, random: Random): Rotation {
  const z = 2 * random.next() - 1;
  const around = 2 * Math.PI * random.next();
  const radius = Math.sqrt(1 - z * z);
  const [x, y] = [radius * Math.cos(around), radius * Math.sin(around)];
  const angle = greatest * (2 * random.next() - 1);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const rest = 1 - cos;
  return [
    [cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin],
    [y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin],
    [z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest],
  ];
}
