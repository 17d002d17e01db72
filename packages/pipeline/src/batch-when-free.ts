import { defer, Observable, type OperatorFunction, type SchedulerLike } from "rxjs";

export interface BatchOptions {
  /** Most items of one batch. */
  readonly limit: number;
  /** Lets items that arrive together gather when nothing is at work; without it the first leaves alone. */
  readonly gather?: SchedulerLike;
}

/**
 * Whatever waits when the work comes free is the next batch: no timer, and no added latency when idle.
 *
 *     source       --a-bcd------|
 *     work([a])      ---(x|)
 *     work([bcd])       ---(y|)
 *     out          -----x--y----|      limit ≥ 3
 *
 * One batch is in flight at a time. What waits is not bounded here but by whoever feeds it (`admit`).
 * An error of `work` errors the stream: work that may fail must turn its failures into results.
 */
export function batchWhenFree<T, R>(
  { limit, gather }: BatchOptions,
  work: (batch: T[]) => Observable<R>,
): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      const waiting: T[] = [];
      let busy = false;
      let ended = false;

      const take = () => {
        busy = true;
        const batch = waiting.splice(0, limit);
        const run = defer(() => work(batch)).subscribe({
          next: (result) => subscriber.next(result),
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            busy = false;
            if (waiting.length > 0) take();
            else if (ended) subscriber.complete();
          },
        });
        subscriber.add(run);
      };

      subscriber.add(
        source.subscribe({
          next(item) {
            waiting.push(item);
            if (busy) return;
            if (gather === undefined) {
              take();
              return;
            }
            busy = true;
            // An action that has run stays in the subscriber's list until it is unsubscribed.
            const begin = gather.schedule(function () {
              this.unsubscribe();
              take();
            });
            subscriber.add(begin);
          },
          error: (error: unknown) => subscriber.error(error),
          complete() {
            ended = true;
            if (!busy) subscriber.complete();
          },
        }),
      );
    });
}
