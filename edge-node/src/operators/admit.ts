import { Observable, type OperatorFunction, Subject } from "rxjs";
import type { Dropped, Frame, Refused } from "../stages.ts";
import { IntakeQueue } from "./intake-queue.ts";

export interface AdmitOptions<R> {
  /** Frames inside `work` at once. */
  readonly working: number;
  /** Frames that may wait for a place. */
  readonly waiting: number;
  /** Their payloads together. */
  readonly waitingBytes: number;
  /** Whether a result ends its frame: `work` gives exactly one such result for each. */
  readonly ends: (result: R) => boolean;
  /** Called at every change. */
  readonly observe?: (counts: { readonly working: number; readonly waiting: number }) => void;
}

/**
 * Lets as many frames into `work` as there are places, keeps a bounded queue in front of it, and names what does not fit.
 *
 *     frames   --a-b-c-d-----|      one place, one may wait; a is in, b waits
 *     work       -------(A|)
 *     out      ------C-D-A-B-|      C, D: QoS 1 refused, `overload`; or the oldest QoS 0 that waits is dropped in their favour
 *
 * When the queue is full, the oldest waiting QoS 0 frame gives way: of the same device when it has one, else of the device with
 * the most. Without any, a QoS 1 frame is refused and a QoS 0 frame is dropped.
 */
export function admit<R>(
  { working, waiting, waitingBytes, ends, observe }: AdmitOptions<R>,
  work: OperatorFunction<Frame, R>,
): OperatorFunction<Frame, R | Refused | Dropped> {
  return (frames) =>
    new Observable<R | Refused | Dropped>((subscriber) => {
      const inside = new Subject<Frame>();
      const queue = new IntakeQueue({ frames: waiting, bytes: waitingBytes });
      let places = working;
      let ended = false;

      const tell = () => observe?.({ working: working - places, waiting: queue.length });
      const enter = (frame: Frame) => {
        places -= 1;
        tell();
        inside.next(frame);
      };
      const admitNext = () => {
        while (places > 0) {
          const frame = queue.shift();
          if (frame === undefined) break;
          enter(frame);
        }
        tell();
        if (ended && queue.length === 0) inside.complete();
      };

      subscriber.add(
        work(inside).subscribe({
          next(result) {
            const ending = ends(result);
            if (ending) places += 1;
            subscriber.next(result);
            if (ending) admitNext();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(
        frames.subscribe({
          next(frame) {
            if (places > 0) {
              enter(frame);
              return;
            }
            const losers = queue.push(frame);
            tell();
            for (const loser of losers) subscriber.next(turnAway(loser));
          },
          error: (error: unknown) => subscriber.error(error),
          complete() {
            ended = true;
            admitNext();
          },
        }),
      );
    });
}

function turnAway(frame: Frame): Refused | Dropped {
  if (frame.qos === 0) return { stage: "dropped", frame };
  return {
    stage: "refused",
    frame,
    reason: "overload",
    detail: "too many frames wait already: publish less often, or add an edge node to the site",
  };
}
