import type { TensorView } from "./tensor-view.ts";

/**
 * One tensor of many items, along a new first axis. A copy, since engines take it over.
 *
 * @param items - at least one, all of one length
 * @param dims - of one item
 */
export function stack(items: readonly Float32Array[], dims: readonly number[]): TensorView {
  const length = items[0]!.length;
  const data = new Float32Array(items.length * length);
  for (const [index, item] of items.entries()) data.set(item, index * length);
  return { data, dims: [items.length, ...dims] };
}

/**
 * The items of a batch, along its first axis. Copies, so that an item that is kept does not keep the whole batch in memory.
 */
export function unstack({ data, dims: [count = 1] }: TensorView): Float32Array[] {
  const length = data.length / count;
  return Array.from({ length: count }, (_, index) =>
    Float32Array.from(data.slice(index * length, (index + 1) * length) as Float32Array),
  );
}
