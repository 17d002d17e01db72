import { catchError, map, mergeMap, type Observable, type OperatorFunction, of } from "rxjs";
import { type Asked, type Decoded, type Failed, failWith } from "../stages.ts";

export interface DecodeOptions {
  /** Pictures decoded at once. */
  readonly limit: number;
  /** The model's input of a frame; fails for what is no frame of this model. */
  readonly decode: (asked: Asked) => Observable<Float32Array>;
}

/**
 * Turns frames as they came into model inputs, several at once, in the order they come ready.
 *
 *     asked    --a-b-c-|
 *     decode     ----A|  -#  --C|
 *     out      -----f-(AC)-|      f: b failed, by the code of the error; the stream goes on
 *
 * Items past `limit` wait here; `admit` bounds how many they are.
 */
export function decode({ limit, decode }: DecodeOptions): OperatorFunction<Asked, Decoded | Failed> {
  return mergeMap(
    (asked) =>
      decode(asked).pipe(
        map((tensor): Decoded => ({ stage: "decoded", asked, tensor })),
        catchError((error: unknown) => of(failWith(asked, error))),
      ),
    limit,
  );
}
