import { Observable, type OperatorFunction, Subject } from "rxjs";
import { type Asked, type Failed, fail, failLate, isOver, type Settled } from "../stages.ts";

export interface AdmitOptions {
  /** Items inside `work` at once: one batch in the engine, and what is decoded for the next. */
  readonly working: number;
  /** Items that may wait for a place. */
  readonly waiting: number;
  /** Bytes of their frames. */
  readonly waitingBytes: number;
  /** The clock of `Asked.arrivedMs`. */
  readonly now: () => number;
  /** Told at every change. */
  readonly observe?: (lengths: { readonly working: number; readonly waiting: number }) => void;
}

/**
 * Lets as many items into `work` as there are places and keeps a bounded queue before it.
 *
 *     asked    --a-b-c-d-------|      one place, one may wait
 *     work       ---------(A|)
 *     out      ------b-c--A----D|      b, c: OVERLOAD, pushed out by the next
 *
 * When the queue is full, by number or by bytes, those whose time is over leave, `DEADLINE`; without any, the oldest, `OVERLOAD`: it has the
 * least time left, so the newcomer is the better bet. `work` gives exactly one result for each item.
 */
export function admit(
  { working, waiting, waitingBytes, now, observe }: AdmitOptions,
  work: OperatorFunction<Asked, Settled>,
): OperatorFunction<Asked, Settled> {
  return (source) =>
    new Observable<Settled>((subscriber) => {
      const inside = new Subject<Asked>();
      let queue: Asked[] = [];
      let places = working;
      let ended = false;

      const tell = () => observe?.({ working: working - places, waiting: queue.length });
      const next = () => {
        while (places > 0) {
          const asked = queue.shift();
          if (asked === undefined) break;
          enter(asked);
        }
        tell();
        if (ended && queue.length === 0) inside.complete();
      };
      const enter = (asked: Asked) => {
        if (isOver(asked, now())) {
          subscriber.next(failLate(asked));
          return;
        }
        places -= 1;
        inside.next(asked);
      };
      const isFull = () => {
        if (queue.length > waiting) return true;
        const bytes = queue.reduce((sum, { item }) => sum + item.frame.byteLength, 0);
        return queue.length > 0 && bytes > waitingBytes;
      };
      const makeRoom = () => {
        const nowMs = now();
        const over = queue.filter((asked) => isOver(asked, nowMs));
        if (over.length > 0) {
          queue = queue.filter((asked) => !isOver(asked, nowMs));
          for (const asked of over) subscriber.next(failLate(asked));
          return;
        }
        const oldest = queue.shift();
        if (oldest !== undefined) subscriber.next(turnAway(oldest));
      };

      subscriber.add(
        work(inside).subscribe({
          next(settled) {
            places += 1;
            subscriber.next(settled);
            next();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(
        source.subscribe({
          next(asked) {
            queue.push(asked);
            while (places === 0 && isFull()) makeRoom();
            next();
          },
          error: (error: unknown) => subscriber.error(error),
          complete() {
            ended = true;
            next();
          },
        }),
      );
    });
}

function turnAway(asked: Asked): Failed {
  return fail(asked, "OVERLOAD", "the queue of the worker is full: add a worker, or send less");
}
