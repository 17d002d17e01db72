import type { EdgeAnswer, Stages, TopClasses } from "@meanet/protocol";
import type { Extended, Provisional, Settled } from "./stages.ts";

type Judged = Settled | Extended | Provisional;
type Top = NonNullable<TopClasses["main"]>;

/** How many classes of each exit a verdict names. */
const TOP = 3;

/** Times of the stages that a frame went through, to the microsecond, with those that the worker reports. */
export function stagesOf(item: Judged): Stages {
  const answer = item.stage === "provisional" ? undefined : item.answer;
  const stages = {
    ...item.stages,
    ...(answer === undefined ? {} : { cloudQueueMs: answer.queueMs, cloudComputeMs: answer.computeMs }),
  };
  const rounded: Record<string, number> = {};
  for (const [name, ms] of Object.entries(stages)) {
    if (ms !== undefined) rounded[name] = Math.max(0, Math.round(ms * 1000) / 1000);
  }
  return rounded;
}

/** The most probable classes of each exit that was asked. */
export function topOf(item: Judged): TopClasses {
  const { classes, hardClasses } = item.model;
  const answer = item.stage === "provisional" ? undefined : item.answer;
  return {
    main: mostProbable(item.p1, classes),
    ...(item.stage === "extended" ? { extension: mostProbable(item.p2, classes, hardClasses) } : {}),
    ...(answer === undefined
      ? {}
      : {
          cloud: answer.classes.slice(0, TOP).map(({ classIndex, probability }) => ({
            classIndex,
            label: classes[classIndex]!,
            probability: rounded4(probability),
          })),
        }),
  };
}

/** What the edge says of a frame that the cloud answered; `complete` when the extension would not have run. */
export function edgeAnswerBeside({ model, p1 }: Judged): EdgeAnswer {
  const { classIndex, confidence } = model.decide(p1, undefined);
  return {
    label: model.classes[classIndex]!,
    classIndex,
    confidence,
    exit: "main",
    complete: !model.callsHard(p1),
  };
}

/**
 * The few most probable classes, in one pass over all.
 *
 * @param indices - of each output the class it stands for; outputs beyond stand for none. Default: outputs are classes
 */
function mostProbable(
  probabilities: ArrayLike<number>,
  classes: readonly string[],
  indices?: readonly number[],
): Top {
  const best: number[] = [];
  const outputs = Math.min(probabilities.length, indices?.length ?? classes.length);
  for (let output = 0; output < outputs; output += 1) {
    const probability = probabilities[output]!;
    if (best.length === TOP && probability <= probabilities[best[TOP - 1]!]!) continue;
    let place = best.length;
    while (place > 0 && probability > probabilities[best[place - 1]!]!) place -= 1;
    best.splice(place, 0, output);
    if (best.length > TOP) best.pop();
  }
  return best.map((output) => {
    const classIndex = indices === undefined ? output : indices[output]!;
    return { classIndex, label: classes[classIndex]!, probability: rounded4(probabilities[output]!) };
  });
}

/** Rounding may lift a sum of floats above 1. */
function rounded4(probability: number): number {
  return Math.min(1, Math.round(probability * 10_000) / 10_000);
}
