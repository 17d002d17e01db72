import type { Verdict } from "@meanet/protocol";
import { Observable, type OperatorFunction, Subject } from "rxjs";
import type { Dropped, Frame, Known, Recorded, Twin, Unrecorded } from "../stages.ts";

export interface OnceOptions {
  /** The recorded final verdict of a frame. A frame for which it throws is not let in, and is named `unrecorded`. */
  readonly find: (device: string, id: string) => Verdict | undefined;
}

type Result = Recorded | Unrecorded | Dropped;

/** More copies of one frame than this are forgotten unacknowledged: the broker brings them again on reconnect. */
const MAX_TWINS = 256;

/**
 * One verdict for each id of a device, however often the frame comes.
 *
 *     frames   --a-a-b----------a-|
 *     work       -----(A|)  b is in the journal
 *     out      ------b--A-a-----a-|      b: known; a: twin of the recorded A; a: known by then
 *
 * A twin is held until the first copy ends: after a reconnect the twin is the only copy that the broker still knows.
 * When a dropped QoS 0 copy has QoS 1 twins, one of them goes in instead.
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
          const expendable = others.filter(({ qos }) => qos === 0);
          for (const frame of expendable) subscriber.next({ stage: "dropped", frame });
          const [next, ...rest] = others.filter(({ qos }) => qos === 1);
          if (next !== undefined) enter(next, rest);
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
              others.push(frame);
              if (others.length > MAX_TWINS) others.shift();
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
