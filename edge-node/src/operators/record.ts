import { batchWhenFree } from "@meanet/pipeline";
import type { Verdict } from "@meanet/protocol";
import { catchError, defer, from, map, mergeMap, type OperatorFunction, of, type SchedulerLike } from "rxjs";
import type { Concluded, Draft, Recorded, Unrecorded } from "../stages.ts";

export interface RecordOptions {
  /** Most rows of one transaction. */
  readonly limit: number;
  /** Writes the verdicts in one transaction and returns them numbered, in the same order. */
  readonly append: (drafts: readonly Draft[]) => readonly Verdict[];
  readonly gather: SchedulerLike;
}

/**
 * Writes verdicts to the journal; what concludes in the same breath shares a transaction.
 *
 *     items    --(ab)--c---|
 *     append     [ab]  #
 *     out      --(AB)--c---|      c: unrecorded, the stream goes on
 */
export function record({
  limit,
  append,
  gather,
}: RecordOptions): OperatorFunction<Concluded, Recorded | Unrecorded> {
  return batchWhenFree({ limit, gather }, (batch) =>
    defer(() => of(append(batch.map(({ draft }) => draft)))).pipe(
      mergeMap((verdicts) =>
        batch.map(
          ({ frame, model }, index): Recorded => ({
            stage: "recorded",
            frame,
            model,
            verdict: verdicts[index]!,
          }),
        ),
      ),
      catchError((error: unknown) =>
        from(batch).pipe(
          map(
            ({ frame, model, draft: { final } }): Unrecorded => ({
              stage: "unrecorded",
              frame,
              model,
              final,
              error,
            }),
          ),
        ),
      ),
    ),
  );
}
