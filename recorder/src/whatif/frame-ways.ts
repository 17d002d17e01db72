import type { EdgeAnswer, Label } from "@meanet/protocol";
import { correctness } from "../store/verdict-row.ts";

interface Answer {
  readonly label: string;
  readonly classIndex: number;
}

/** What is recorded of an answered frame, as far as another threshold would have changed it. */
export interface AnsweredFrame {
  /** Of main's softmax, nats. */
  readonly entropy: number;
  /** Whether its route was complex: it went to the cloud, or would have, had there been room and a connection. */
  readonly asked: boolean;
  /** Whether adaptive and extension block ran for it. */
  readonly extended: boolean;
  /** Whether the cloud's answer stands. */
  readonly byCloud: boolean;
  readonly label: string;
  readonly classIndex: number;
  readonly truth: Label["label"] | null;
  /** What the edge says where the cloud's answer stands; null: not told. */
  readonly edgeAnswer: (Answer & Pick<EdgeAnswer, "complete">) | null;
  /** What main says where the extension ran; null: not told. */
  readonly mainAnswer: Answer | null;
  /** Edge node and bundle: frames of one cost the same. */
  readonly costOf: string;
  /** Main and extension. */
  readonly edgeJ: number;
  /** Part of `edgeJ`; null: not told. */
  readonly extensionJ: number | null;
  readonly uplinkJ: number;
  readonly cloudJ: number;
  readonly uplinkBytes: number;
  /** Null: not told. */
  readonly frameBytes: number | null;
}

/** Who says whether an answer is right: the true class that somebody gave, or, for want of any, the cloud. */
export type Judge = "labels" | "cloud";

/** Who would answer: main; adaptive and extension block; one of these, not known which; or the cloud, with the edge where it is silent. */
export type Answerer = "main" | "extension" | "edge" | "cloud";

/** What becomes of a frame that stays at the edge, or of one that is sent. */
export interface Way {
  readonly answerer: Answerer;
  /** Whether the answer that it would get is recorded. */
  readonly known: boolean;
  /** 1, 0, or null: not known, or nothing to judge it by. */
  readonly right: number | null;
}

/** Its way when it stays at the edge. */
export function staying(frame: AnsweredFrame, judge: Judge): Way {
  const { edgeAnswer, extended } = frame;
  // As it happened. Where the cloud was asked in vain the edge's own answer stands, extension included.
  if (!frame.byCloud) return known(extended ? "extension" : "main", frame, frame, judge);
  if (edgeAnswer === null) return unknown("edge");
  return edgeAnswer.complete ? known("main", edgeAnswer, frame, judge) : unknown("extension");
}

/** Whether main, asked alone, is right: 1, 0, or null when nobody knows. */
export function mainIsRight(frame: AnsweredFrame, judge: Judge): number | null {
  const { byCloud, extended, edgeAnswer, mainAnswer } = frame;
  const answer = byCloud ? edgeAnswer : extended ? mainAnswer : frame;
  return answer && rightness(answer, frame, judge);
}

/** Whether main calls a hard class. */
export function callsHard({ extended, edgeAnswer }: AnsweredFrame): boolean {
  return extended || edgeAnswer?.complete === false;
}

/** Its way when it is sent. */
export function sent(frame: AnsweredFrame, judge: Judge): Way {
  return frame.asked ? known("cloud", frame, frame, judge) : unknown("cloud");
}

function known(answerer: Answerer, answer: Answer, frame: AnsweredFrame, judge: Judge): Way {
  return { answerer, known: true, right: rightness(answer, frame, judge) };
}

function rightness({ label, classIndex }: Answer, frame: AnsweredFrame, judge: Judge): number | null {
  const byCloud = frame.byCloud ? frame.classIndex : null;
  return correctness(judge === "labels" ? frame.truth : byCloud, label, classIndex);
}

function unknown(answerer: Answerer): Way {
  return { answerer, known: false, right: null };
}
