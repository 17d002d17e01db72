import type { AnswerVerdict, CloudOutcome } from "@meanet/protocol";
import { map, type OperatorFunction } from "rxjs";
import type { Concluded, Draft, Extended, Frame, Provisional, Refused, Settled } from "../stages.ts";
import { edgeAnswerBeside, stagesOf, topOf } from "../verdict-detail.ts";

export interface ConcludeOptions {
  readonly site: string;
  readonly edge: string;
  readonly now: () => number;
  /** Joules of the radio for a complex item. */
  readonly uplinkJ: (bytes: number) => number;
  /** Where the joules of the edge come from, `modelled:raspberry-pi-4`. */
  readonly energySource: string;
}

type Judged = Settled | Extended | Provisional;

/**
 * Turns what is known about a frame into its verdict, with the joules of every part that ran for it.
 *
 *     items    --a-R-p-b-|      a answered, R refused, p provisional, b answered by the cloud
 *     out      --a-R-p-b-|
 */
export function conclude(options: ConcludeOptions): OperatorFunction<Judged | Refused, Concluded> {
  return map((item) => ({
    stage: "concluded",
    frame: item.frame,
    model: item.model,
    draft: item.stage === "refused" ? refusal(item, options) : verdict(item, options),
  }));
}

function refusal({ frame, reason, detail }: Refused, options: ConcludeOptions): Draft {
  return { ...common(frame, options), outcome: "refused", final: true, reason, detail };
}

function verdict(item: Judged, options: ConcludeOptions): Draft {
  const { frame, model, route } = item;
  const settled = item.stage === "provisional" ? undefined : item;
  const uplinkBytes = settled?.uplinkBytes ?? 0;
  const answer = settled?.answer;
  return {
    ...common(frame, options),
    outcome: "answered",
    final: item.stage !== "provisional",
    ...(answer === undefined
      ? edgeAnswer(item)
      : {
          classIndex: answer.classes[0]!.classIndex,
          label: model.classes[answer.classes[0]!.classIndex]!,
          confidence: answer.classes[0]!.probability,
          exit: "cloud" as const,
        }),
    route,
    cloud: settled?.cloud ?? ("pending" satisfies CloudOutcome),
    entropy: item.entropy,
    queueMs: item.queueMs,
    computeMs: item.computeMs,
    energy: {
      mainJ: item.mainJ,
      extensionJ: item.stage === "extended" ? item.extensionJ : 0,
      uplinkJ: uplinkBytes === 0 ? 0 : options.uplinkJ(uplinkBytes),
      cloudJ: answer?.energyJ ?? 0,
      source: options.energySource,
    },
    uplinkBytes,
    model: model.name,
    worker: answer?.worker ?? null,
    ...(item.threshold === undefined ? {} : { threshold: item.threshold }),
    stages: stagesOf(item),
    top: topOf(item),
    ...(answer === undefined ? {} : { edgeAnswer: edgeAnswerBeside(item) }),
  };
}

/** The answer of the edge alone. */
function edgeAnswer(item: Judged): Pick<AnswerVerdict, "classIndex" | "label" | "confidence" | "exit"> {
  const { model, p1 } = item;
  const decision = model.decide(p1, item.stage === "extended" ? item.p2 : undefined);
  return { ...decision, label: model.classes[decision.classIndex]! };
}

function common(
  { id, device, receivedAt, arrivedMs, qos, payload }: Frame,
  { site, edge, now }: ConcludeOptions,
) {
  const latencyMs = Math.max(0, now() - arrivedMs);
  return { id, site, device, edge, receivedAt, qos, latencyMs, frameBytes: payload.byteLength };
}
