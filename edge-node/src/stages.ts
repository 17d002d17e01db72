import type {
  AnswerVerdict,
  CloudAnswer,
  CloudOutcome,
  FrameFormat,
  RefusalReason,
  RefusalVerdict,
  Route,
  Stages,
  Verdict,
} from "@meanet/protocol";
import { reasonOf } from "@meanet/runtime";
import type { InputKind } from "./input-kind.ts";
import type { ServedModel } from "./model/served-model.ts";

/** A frame as it arrived. */
export interface Frame {
  readonly kind: InputKind;
  readonly device: string;
  readonly id: string;
  /** Whether the device chose the id: only such a frame can be recognised when it arrives again. */
  readonly named: boolean;
  readonly qos: 0 | 1;
  readonly payload: Uint8Array;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** On the clock that only runs forward; latency and deadline count from here. */
  readonly arrivedMs: number;
  /** Tells the broker that the frame need not be delivered again. */
  acknowledge(): void;
}

/** The frame without its memory, for when nothing but its outcome is awaited. */
export function withoutPayload(frame: Frame): Frame {
  return { ...frame, payload: new Uint8Array() };
}

/** Ready for main. */
export interface Decoded {
  readonly stage: "decoded";
  readonly frame: Frame;
  readonly format: FrameFormat;
  readonly model: ServedModel;
  /** Normalised input: shape [C, H, W] of a picture, [C, T] of a window. */
  readonly tensor: Float32Array;
  /** When decoding began and ended, on the clock of `Frame.arrivedMs`. */
  readonly decodingMs: number;
  readonly decodedMs: number;
}

/** What main makes of one frame. */
export interface MainResult {
  /** Shape [C], sums to 1. */
  readonly p1: ArrayLike<number>;
  /** In nats. */
  readonly entropy: number;
  /** F1, one frame of it. */
  readonly features: Float32Array;
  /** This frame's share of the batch. */
  readonly computeMs: number;
  readonly energyJ: number;
}

export interface Classified
  extends Omit<Decoded, "stage" | "decodingMs" | "decodedMs">,
    Omit<MainResult, "energyJ"> {
  readonly stage: "classified";
  /** Times of the stages that the frame has gone through so far. */
  readonly stages: Stages;
  readonly queueMs: number;
  readonly mainJ: number;
}

/** Its route is chosen; only a complex one waits for the cloud. */
export interface Routed extends Omit<Classified, "stage"> {
  readonly stage: "routed";
  readonly route: Route;
  /** Entropy threshold that chose the route, nats; undefined when another policy did. */
  readonly threshold: number | undefined;
}

export type CloudClasses = Extract<CloudAnswer, { outcome: "answered" }>;

/** The cloud has answered, or will not. */
export interface Settled extends Omit<Routed, "stage"> {
  readonly stage: "settled";
  readonly cloud: Exclude<CloudOutcome, "pending">;
  /** Present when `cloud` is `answered`. */
  readonly answer: CloudClasses | undefined;
  readonly uplinkBytes: number;
}

/** What the edge can say while the cloud is being asked. */
export interface Provisional extends Omit<Routed, "stage"> {
  readonly stage: "provisional";
}

/** What the extension makes of one frame. */
export interface ExtensionResult {
  /** Over the hard classes, shape [H], sums to 1. */
  readonly p2: ArrayLike<number>;
  readonly computeMs: number;
  readonly energyJ: number;
}

export interface Extended extends Omit<Settled, "stage"> {
  readonly stage: "extended";
  readonly p2: ArrayLike<number>;
  readonly extensionJ: number;
}

export interface Refused {
  readonly stage: "refused";
  readonly frame: Frame;
  readonly reason: RefusalReason;
  readonly detail: string;
  /** The model that it retained, when it got that far. */
  readonly model?: ServedModel;
}

/** The refusal that a failed run of `block` means for a frame. */
export function refuseInference(
  { frame, model }: { readonly frame: Frame; readonly model: ServedModel },
  block: "main" | "extension",
  error: unknown,
): Refused {
  const cause = reasonOf(error);
  return {
    stage: "refused",
    frame,
    model,
    reason: "inference-failed",
    detail: `${block} of ${model.name} failed: ${cause}`.slice(0, 512),
  };
}

/** A QoS 0 frame that gave way under load. */
export interface Dropped {
  readonly stage: "dropped";
  readonly frame: Frame;
}

type Unwritten<T> = Omit<T, "seq" | "journal" | "at" | "supersedes">;
/** A verdict before the journal has numbered it. */
export type Draft = Unwritten<AnswerVerdict> | Unwritten<RefusalVerdict>;

export interface Concluded {
  readonly stage: "concluded";
  readonly frame: Frame;
  readonly model: ServedModel | undefined;
  readonly draft: Draft;
}

/** In the journal: may be published, and acknowledged when final. */
export interface Recorded {
  readonly stage: "recorded";
  readonly frame: Frame;
  readonly model: ServedModel | undefined;
  readonly verdict: Verdict;
}

/** The journal could not be read or written. */
export interface Unrecorded {
  readonly stage: "unrecorded";
  readonly frame: Frame;
  readonly model: ServedModel | undefined;
  /** True: the frame is given up; unacknowledged, it is redelivered on the next connection. False: it is still being tried. */
  readonly final: boolean;
  readonly error: unknown;
}

/** Arrived again after its final verdict was recorded. */
export interface Known {
  readonly stage: "known";
  readonly frame: Frame;
  readonly verdict: Verdict;
}

/** Arrived again while it was in flight; the one verdict serves both. */
export interface Twin {
  readonly stage: "twin";
  readonly frame: Frame;
}

/** Whether `item` is at one of these stages; for `only` and `filter`. */
export function at<const S extends string>(...stages: readonly S[]) {
  return <T extends { readonly stage: string }>(item: T): item is Extract<T, { readonly stage: S }> =>
    (stages as readonly string[]).includes(item.stage);
}
