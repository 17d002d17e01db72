import { batchWhenFree } from "@meanet/pipeline";
import type { Verdict } from "@meanet/protocol";
import {
  catchError,
  concat,
  defer,
  from,
  map,
  merge,
  type Observable,
  type OperatorFunction,
  of,
  retry,
  type SchedulerLike,
  take,
  tap,
  throwError,
  timer,
} from "rxjs";
import { at, type Concluded, type Draft, type Recorded, type Unrecorded, withoutPayload } from "../stages.ts";
import { only } from "./only.ts";

export interface RecordOptions {
  /** Most rows of one transaction. */
  readonly limit: number;
  /** Writes the verdicts in one transaction and returns them numbered, in the same order. */
  readonly append: (drafts: readonly Draft[]) => readonly Verdict[];
  readonly gather: SchedulerLike;
  /** Wait between a failed transaction and the next attempt. */
  readonly retryMs: number;
  /** Verdicts that may wait for the journal; those beyond are given up, unrecorded. */
  readonly waiting: number;
  readonly scheduler: SchedulerLike;
  /** Emits, also to late subscribers, when the node is about to stop: one last attempt is made. */
  readonly stopping: Observable<unknown>;
}

/**
 * Writes verdicts to the journal; those that conclude together share a transaction. One that fails is tried again until it works:
 * MQTT 3.1.1 redelivers an unacknowledged frame only on a new connection.
 *
 *     items    --(ab)--c-------|
 *     append     [ab]  #---[c]
 *     out      --(AB)--?---C---|      ?: unrecorded, not final: told at each attempt that failed; C one retry later
 *
 * Waiting verdicts hold no payloads. What is given up is unrecorded, final.
 */
export function record({
  limit,
  append,
  gather,
  retryMs,
  waiting: mostWaiting,
  scheduler,
  stopping,
}: RecordOptions): OperatorFunction<Concluded, Recorded | Unrecorded> {
  const attempt = (batch: readonly Concluded[]): Observable<Recorded | Unrecorded> =>
    defer(() => {
      try {
        const verdicts = append(batch.map(({ draft }) => draft));
        return from(batch.map((item, index) => recorded(item, verdicts[index]!)));
      } catch (error) {
        return concat(
          of(unrecorded(batch[0]!, error, false)),
          throwError(() => error),
        );
      }
    });
  const write = (batch: readonly Concluded[]): Observable<Recorded | Unrecorded> => {
    let last = false;
    const again = () =>
      merge(timer(retryMs, scheduler).pipe(map(() => false)), stopping.pipe(map(() => true))).pipe(
        take(1),
        tap((stops) => {
          last = stops;
        }),
      );
    return attempt(batch).pipe(
      retry({ delay: (error: unknown) => (last ? throwError(() => error) : again()) }),
      catchError((error: unknown) => from(batch.map((item) => unrecorded(item, error, item.draft.final)))),
    );
  };
  return (items) =>
    defer(() => {
      let waiting = 0;
      return items.pipe(
        map((item): Concluded | Unrecorded => {
          if (waiting >= mostWaiting) {
            return unrecorded(item, new Error("too many verdicts wait for the journal"), item.draft.final);
          }
          waiting += 1;
          return { ...item, frame: withoutPayload(item.frame) };
        }),
        only(
          at("concluded"),
          batchWhenFree({ limit, gather }, (batch) =>
            write(batch).pipe(
              tap({
                complete: () => {
                  waiting -= batch.length;
                },
              }),
            ),
          ),
        ),
      );
    });
}

function recorded({ frame, model }: Concluded, verdict: Verdict): Recorded {
  return { stage: "recorded", frame, model, verdict };
}

function unrecorded({ frame, model }: Concluded, error: unknown, final: boolean): Unrecorded {
  return { stage: "unrecorded", frame, model, final, error };
}
