/** How many values a tensor of this shape holds; of the empty shape one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
