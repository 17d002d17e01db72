import { catchError, mergeMap, type Observable, type OperatorFunction, of } from "rxjs";
import type { Decoded, Frame, Refused } from "../stages.ts";

export interface DecodeOptions {
  /** Pictures decoded at once. */
  readonly limit: number;
  readonly decode: (frame: Frame) => Observable<Decoded>;
  /** The refusal that an error of `decode` means. */
  readonly refuse: (frame: Frame, error: unknown) => Refused;
}

/**
 * Turns frames into model inputs, several at once, in the order in which they are ready.
 *
 *     frames   --a-b-c-|
 *     decode     ----A|  -#  --C|
 *     out      -----r-(AC)-|      r: b is refused, the stream goes on
 *
 * Frames past `limit` wait here; `admit` bounds how many they are.
 */
export function decode({ limit, decode, refuse }: DecodeOptions): OperatorFunction<Frame, Decoded | Refused> {
  return mergeMap(
    (frame) => decode(frame).pipe(catchError((error: unknown) => of(refuse(frame, error)))),
    limit,
  );
}
