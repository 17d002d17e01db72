import { connect, filter, merge, type OperatorFunction } from "rxjs";
import { type InputKind, inputKinds } from "../input-kind.ts";
import type { Frame } from "../stages.ts";

/**
 * Gives the frames of each kind of input an operator of their own, so that neither kind waits for the other.
 *
 *     frames   --pWq-X---|      pictures take 3, windows 1
 *     out      ----Wp-(qX)|
 */
export function perKind<R>(
  work: (kind: InputKind) => OperatorFunction<Frame, R>,
): OperatorFunction<Frame, R> {
  return connect((frames) =>
    merge(
      ...inputKinds.map((own) =>
        frames.pipe(
          filter(({ kind }) => kind === own),
          work(own),
        ),
      ),
    ),
  );
}
