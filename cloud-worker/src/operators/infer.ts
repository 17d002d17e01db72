import { batchWhenFree } from "@meanet/pipeline";
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  from,
  mergeMap,
  type Observable,
  type OperatorFunction,
  of,
} from "rxjs";
import { type Decoded, failLate, failWith, type Inference, isOver, type Settled } from "../stages.ts";

export interface InferOptions {
  /** Most items of one batch. */
  readonly limit: number;
  /** One result per item, in their order; an Error for an item that the model makes no sense of. */
  readonly run: (batch: readonly Decoded[]) => Observable<readonly (Inference | Error)[]>;
  /** The clock of `Asked.arrivedMs`. */
  readonly now: () => number;
}

/**
 * Runs the model on whatever waits when its engine comes free.
 *
 *     items    --a-bc-------|
 *     run        --A| (BC)|
 *     out      ----A-----(BC|)
 *
 * Items whose time is over when their batch starts are not computed: `DEADLINE`. When the run of several items fails, each is run
 * alone, so that one that breaks the model hurts no other.
 */
export function infer({ limit, run, now }: InferOptions): OperatorFunction<Decoded, Settled> {
  return batchWhenFree({ limit }, (batch: Decoded[]) => {
    const startedMs = now();
    const late = batch.filter(({ asked }) => isOver(asked, startedMs));
    const live = batch.filter(({ asked }) => !isOver(asked, startedMs));
    return concat(from(late.map(({ asked }) => failLate(asked))), live.length === 0 ? EMPTY : runAll(live));
  });

  function runAll(items: readonly Decoded[]): Observable<Settled> {
    return runOnce(items).pipe(
      catchError((error: unknown) => {
        if (items.length === 1) return of(failWith(items[0]!.asked, error));
        return from(items).pipe(concatMap((item) => runAlone(item)));
      }),
    );
  }

  function runAlone(item: Decoded): Observable<Settled> {
    return defer(() => {
      if (isOver(item.asked, now())) return of(failLate(item.asked));
      return runOnce([item]).pipe(catchError((error: unknown) => of(failWith(item.asked, error))));
    });
  }

  /** Emits all results or none: what was emitted before an error would be emitted again. */
  function runOnce(items: readonly Decoded[]): Observable<Settled> {
    return defer(() => {
      const startedMs = now();
      return run(items).pipe(
        mergeMap((results) => results.map((result, index) => settle(items[index]!, result, startedMs))),
      );
    });
  }
}

function settle({ asked }: Decoded, result: Inference | Error, startedMs: number): Settled {
  if (result instanceof Error) return failWith(asked, result);
  return { stage: "answered", asked, ...result, queueMs: Math.max(0, startedMs - asked.arrivedMs) };
}
