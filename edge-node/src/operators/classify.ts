import { batchWhenFree } from "@meanet/pipeline";
import { catchError, from, map, mergeMap, type Observable, type OperatorFunction } from "rxjs";
import { type Classified, type Decoded, type MainResult, type Refused, refuseInference } from "../stages.ts";

export interface ClassifyOptions {
  /** Most frames of one run. */
  readonly limit: number;
  /** One result per frame, in their order; an Error for a frame whose logits are not finite. */
  readonly run: (batch: readonly Decoded[]) => Observable<readonly (MainResult | Error)[]>;
  readonly now: () => number;
}

/**
 * Runs main on whatever waits when its engine comes free. A failed run refuses its own frames only.
 *
 *     frames   --a-bc-----|
 *     run        --A| (BC)|
 *     out      ----A-----(BC|)
 */
export function classify({
  limit,
  run,
  now,
}: ClassifyOptions): OperatorFunction<Decoded, Classified | Refused> {
  return batchWhenFree({ limit }, (batch) => {
    const startedMs = now();
    return run(batch).pipe(
      mergeMap((results) => {
        const run = { startedMs, endedMs: now() };
        return results.map((result, index) => join(batch[index]!, result, run));
      }),
      catchError((error: unknown) => from(batch).pipe(map((item) => refuseInference(item, "main", error)))),
    );
  });
}

function join(
  item: Decoded,
  result: MainResult | Error,
  { startedMs, endedMs }: { readonly startedMs: number; readonly endedMs: number },
): Classified | Refused {
  if (result instanceof Error) return refuseInference(item, "main", result);
  const { frame, format, model, tensor, decodingMs, decodedMs } = item;
  const queueMs = Math.max(0, startedMs - decodedMs);
  const { energyJ, ...outputs } = result;
  return {
    stage: "classified",
    frame,
    format,
    model,
    tensor,
    ...outputs,
    queueMs,
    mainJ: energyJ,
    stages: {
      admitMs: Math.max(0, decodingMs - frame.arrivedMs),
      decodeMs: decodedMs - decodingMs,
      mainQueueMs: queueMs,
      mainMs: endedMs - startedMs,
    },
  };
}
