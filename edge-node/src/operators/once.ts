import type { Verdict } from "@meanet/protocol";
import { Observable, type OperatorFunction, Subject } from "rxjs";
import {
  type Dropped,
  type Frame,
  type Known,
  type Recorded,
  type Twin,
  type Unrecorded,
  withoutPayload,
} from "../stages.ts";

export interface OnceOptions {
  /** The recorded final verdict of a frame. A frame for which it throws is not let in, and is named `unrecorded`. */
  readonly find: (device: string, id: string) => Verdict | undefined;
}

type Result = Recorded | Unrecorded | Dropped;

/** More copies of one frame than this need not wait: after a crash the broker redelivers the newest. */
const MAX_TWINS = 8;

/**
 * One verdict for each id of a device, however often the frame comes.
 *
 *     frames   --a-a-b----------a-|
 *     work       -----(A|)  b is in the journal
 *     out      ------b--A-a-----a-|      b: known; a: twin of the recorded A; a: known by then
 *
 * A QoS 1 twin is held, without its payload, until the first copy ends: after a reconnect it is the only copy that the broker
 * still knows. When a dropped QoS 0 copy has QoS 1 twins, one of them takes its place.
 */
export function once(
  { find }: OnceOptions,
  work: OperatorFunction<Frame, Result>,
): OperatorFunction<Frame, Result | Known | Twin> {
  return (frames) =>
    new Observable<Result | Known | Twin>((subscriber) => {
      const inside = new Subject<Frame>();
      const twins = new Map<string, Frame[]>();
      let ended = false;

      const enter = (frame: Frame, others: Frame[]) => {
        twins.set(keyOf(frame), others);
        inside.next(frame);
      };
      const end = (result: Result) => {
        const key = keyOf(result.frame);
        const others = twins.get(key) ?? [];
        twins.delete(key);
        subscriber.next(result);
        if (result.stage === "recorded") {
          for (const frame of others) subscriber.next({ stage: "twin", frame });
        } else if (result.stage === "dropped") {
          const [next, ...rest] = others;
          if (next !== undefined) enter({ ...next, payload: result.frame.payload }, rest);
        }
        if (ended && twins.size === 0) inside.complete();
      };

      subscriber.add(
        work(inside).subscribe({
          next(result) {
            if (isFinal(result)) end(result);
            else subscriber.next(result);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(
        frames.subscribe({
          next(frame) {
            const others = twins.get(keyOf(frame));
            if (others !== undefined) {
              if (frame.qos === 1) others.push(withoutPayload(frame));
              const leaving =
                frame.qos === 0 ? frame : others.length > MAX_TWINS ? others.shift() : undefined;
              if (leaving !== undefined) subscriber.next({ stage: "twin", frame: leaving });
              return;
            }
            let verdict: Verdict | undefined;
            try {
              verdict = frame.named ? find(frame.device, frame.id) : undefined;
            } catch (error) {
              subscriber.next({ stage: "unrecorded", frame, model: undefined, final: true, error });
              return;
            }
            if (verdict === undefined) enter(frame, []);
            else subscriber.next({ stage: "known", frame, verdict });
          },
          error: (error: unknown) => subscriber.error(error),
          complete() {
            ended = true;
            if (twins.size === 0) inside.complete();
          },
        }),
      );
    });
}

function isFinal(result: Result): boolean {
  if (result.stage === "recorded") return result.verdict.final;
  return result.stage === "dropped" || result.final;
}

/** Ids are unique per device; "/" stands in neither. */
function keyOf({ device, id }: Frame): string {
  return `${device}/${id}`;
}
