import { defer, Observable, type OperatorFunction } from "rxjs";

/**
 * Whatever waits when the engine comes free is its next batch: no timer, and no added latency when idle.
 *
 *     source       --a-bcd------|
 *     work([a])      ---(x|)
 *     work([bcd])       ---(y|)
 *     out          -----x--y----|      limit ≥ 3
 *
 * One batch is in work at a time. What waits is not bounded here: who feeds this bounds it (`admit`).
 * An error of `work` errors the stream: work that may fail turns its failures into results.
 *
 * @param limit - most items of one batch
 */
export function batchWhenFree<T, R>(
  limit: number,
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
            if (!busy) take();
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
