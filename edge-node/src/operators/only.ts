import { connect, filter, merge, type OperatorFunction } from "rxjs";

/**
 * Applies `operator` to the items that `applies` picks; the others pass beside it.
 *
 *     source            --a--B--c--D--|      capitals apply
 *     operator(B, D)    ------b------d-|     takes 1 longer
 *     out               --a---b-c----d-|
 */
export function only<T, S extends T, R>(
  applies: (item: T) => item is S,
  operator: OperatorFunction<S, R>,
): OperatorFunction<T, R | Exclude<T, S>> {
  return connect((shared) =>
    merge(
      shared.pipe(filter(applies), operator),
      shared.pipe(filter((item): item is Exclude<T, S> => !applies(item))),
    ),
  );
}
