import { defer, type OperatorFunction, pipe, ReplaySubject, tap } from "rxjs";
import type { InputKind } from "./input-kind.ts";
import { type AdmitOptions, admit } from "./operators/admit.ts";
import { type ClassifyOptions, classify } from "./operators/classify.ts";
import { type ConcludeOptions, conclude } from "./operators/conclude.ts";
import { type DecodeOptions, decode } from "./operators/decode.ts";
import { type ExtendOptions, extend } from "./operators/extend.ts";
import { type OffloadOptions, offload } from "./operators/offload.ts";
import { type OnceOptions, once } from "./operators/once.ts";
import { only } from "./operators/only.ts";
import { perKind } from "./operators/per-kind.ts";
import { type RecordOptions, record } from "./operators/record.ts";
import { routeFrames } from "./operators/route-frames.ts";
import {
  at,
  type Dropped,
  type Extended,
  type Frame,
  type Known,
  type Provisional,
  type Recorded,
  type Refused,
  type Settled,
  type Twin,
  type Unrecorded,
} from "./stages.ts";

/** What waits or works now. */
export interface Lengths {
  readonly waiting: number;
  readonly working: number;
  readonly cloud: number;
}

export interface PipelineOptions {
  readonly once: OnceOptions;
  readonly admit: Omit<AdmitOptions<unknown>, "ends" | "observe">;
  readonly decode: DecodeOptions;
  readonly classify: ClassifyOptions;
  readonly route: Parameters<typeof routeFrames>[0];
  readonly offload: Omit<OffloadOptions, "observe">;
  readonly extend: ExtendOptions;
  readonly conclude: ConcludeOptions;
  readonly record: Omit<RecordOptions, "stopping">;
  /** Called with every frame whose answer is settled, before it is recorded. Must not throw. */
  readonly answered?: (item: Settled | Extended) => void;
  /** Called with what waits or works of a kind of input, at every change. */
  readonly observe: (kind: InputKind, lengths: Partial<Lengths>) => void;
}

/** What becomes of a frame, finally or on the way. */
export type Outcome = Recorded | Unrecorded | Dropped | Known | Twin;

/**
 * The way of a frame, from arrival to journal. Pictures and windows each go through queues, places and batches of their own, `admit`
 * to `extend`; journal and ledger are one.
 *
 *     once ─ admit ─ decode ─ classify ─ route ┬ easy ───────────────────────────┬ conclude ─ record
 *      │       │        │         │            ├ hard ─────────────── extend ────┤
 *      │       │        │         │            └ complex ─ offload ┬ answered ───┤
 *      │       │        │         │                                └ else: as easy or hard
 *      │       └────────┴─────────┴── refused ───────────────────────────────────┘
 *      └ known, twin                dropped: counted, not recorded
 *
 * Each frame leaves with one final verdict, or as a named loss. Effects arrive as functions: nothing in here logs, reads a clock
 * or knows MQTT.
 */
export function pipeline(options: PipelineOptions): OperatorFunction<Frame, Outcome> {
  const think = (kind: InputKind): OperatorFunction<Frame, Settled | Extended | Provisional | Refused> =>
    pipe(
      decode(options.decode),
      only(at("decoded"), classify(options.classify)),
      only(at("classified"), routeFrames(options.route)),
      only(
        at("routed"),
        offload({ ...options.offload, observe: (cloud) => options.observe(kind, { cloud }) }),
      ),
      only(needsExtension, extend(options.extend)),
    );
  const ends = (result: { readonly stage: string }) => result.stage !== "provisional";
  return (frames) =>
    defer(() => {
      // The end of the frames reaches `record` only when it holds none any more.
      const stopping = new ReplaySubject<void>(1);
      return frames.pipe(
        tap({ complete: () => stopping.next() }),
        once(
          options.once,
          pipe(
            perKind((kind) => {
              const observe = (lengths: Partial<Lengths>) => options.observe(kind, lengths);
              return admit({ ...options.admit, ends, observe }, think(kind));
            }),
            tap((item) => {
              if (isAnswered(item)) options.answered?.(item);
            }),
            only(at("settled", "extended", "provisional", "refused"), conclude(options.conclude)),
            only(at("concluded"), record({ ...options.record, stopping })),
          ),
        ),
      );
    });
}

const isAnswered = at("settled", "extended");

/** The edge answers by itself, and main calls a class that the extension knows better. */
function needsExtension(item: Settled | Provisional | Refused): item is Settled {
  return item.stage === "settled" && item.answer === undefined && item.model.callsHard(item.p1);
}
