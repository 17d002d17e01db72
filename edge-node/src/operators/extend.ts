import { batchWhenFree } from "@meanet/pipeline";
import { catchError, from, map, mergeMap, type Observable, type OperatorFunction } from "rxjs";
import {
  type Extended,
  type ExtensionResult,
  type Refused,
  refuseInference,
  type Settled,
} from "../stages.ts";

export interface ExtendOptions {
  /** Most frames of one run. */
  readonly limit: number;
  /** One result per frame, in their order; an Error for a frame whose logits are not finite. */
  readonly run: (batch: readonly Settled[]) => Observable<readonly (ExtensionResult | Error)[]>;
  readonly now: () => number;
}

/**
 * Runs adaptive and extension block on frames that main calls a hard class and the cloud did not answer.
 *
 *     frames   --a-bc-----|
 *     run        --A| (BC)|
 *     out      ----A-----(BC|)
 */
export function extend({ limit, run, now }: ExtendOptions): OperatorFunction<Settled, Extended | Refused> {
  const arrivals = new WeakMap<Settled, number>();
  const extendBatch = batchWhenFree({ limit }, (batch: Settled[]) => {
    const startedMs = now();
    return run(batch).pipe(
      mergeMap((results) => {
        const ranMs = now() - startedMs;
        return results.map((result, index) => {
          const item = batch[index]!;
          return join(item, result, { waitedMs: startedMs - (arrivals.get(item) ?? startedMs), ranMs });
        });
      }),
      catchError((error: unknown) =>
        from(batch).pipe(map((item) => refuseInference(item, "extension", error))),
      ),
    );
  });
  return (source) =>
    source.pipe(
      map((item) => {
        arrivals.set(item, now());
        return item;
      }),
      extendBatch,
    );
}

function join(
  item: Settled,
  result: ExtensionResult | Error,
  { waitedMs, ranMs }: { readonly waitedMs: number; readonly ranMs: number },
): Extended | Refused {
  if (result instanceof Error) return refuseInference(item, "extension", result);
  return {
    ...item,
    stage: "extended",
    p2: result.p2,
    extensionJ: result.energyJ,
    queueMs: item.queueMs + waitedMs,
    computeMs: item.computeMs + result.computeMs,
    stages: { ...item.stages, extensionQueueMs: waitedMs, extensionMs: ranMs },
  };
}
