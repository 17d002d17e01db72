import type { Device } from "@meanet/device";
import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { percent } from "../quantity-text.ts";
import type { FrameSource } from "../replay/frame-source.ts";
import { replay } from "../replay/replay.ts";
import type { StopSignals } from "../stop-signals.ts";
import type { Progress } from "./progress.ts";

/** As fast as the edge answers: replay bounds what is under way. */
const AT_ONCE = 100_000;

export interface JudgeOptions {
  readonly judge: Device;
  readonly source: FrameSource;
  /** Begins the frame ids; of this judging alone. */
  readonly run: string;
  readonly hardClasses: ReadonlySet<number>;
  readonly progress: Progress;
  readonly ending: StopSignals;
}

export interface Judged {
  readonly frames: number;
  /** Of all frames, 0 to 1. */
  readonly accuracy: number;
  /** Of the frames of hard classes. */
  readonly hardAccuracy: number;
  /** Bundles that answered: more than one when the edge changed it meanwhile. */
  readonly models: readonly string[];
}

/**
 * Asks the edge about every frame of a source; the true class of none is told. The edge is to answer by itself, under the policy
 * `edge-only`.
 *
 * @throws {MeanetError} SCENARIO_INCOMPLETE when a frame is not answered, or not by the edge
 */
export async function judgeEdge(options: JudgeOptions): Promise<Judged> {
  const { source, hardClasses, progress, ending } = options;
  let [frames, right, hard, hardRight] = [0, 0, 0, 0];
  const models = new Set<string>();
  let missed: string | undefined;
  await replay({
    cameras: [options.judge],
    source,
    run: options.run,
    rate: AT_ONCE,
    frames: source.count,
    tells: () => false,
    signal: ending.signal,
    giveUp: ending.giveUp,
    onResult: ({ index, verdict }) => {
      if (verdict.outcome === "refused" || verdict.exit === "cloud") {
        missed ??= `frame ${verdict.id} ${fateOf(verdict)}`;
        return;
      }
      models.add(verdict.model);
      const { classIndex } = source.at(index);
      const isRight = verdict.classIndex === classIndex;
      frames += 1;
      if (isRight) right += 1;
      if (hardClasses.has(classIndex)) {
        hard += 1;
        if (isRight) hardRight += 1;
      }
      progress.update(`judging  ${frames} of ${source.count} frames, ${percent(right / frames)} right`);
    },
    onDropped: (id) => {
      missed ??= `frame ${id} got no verdict`;
    },
  });
  if (frames < source.count) {
    throw new MeanetError(
      "SCENARIO_INCOMPLETE",
      `${source.count - frames} of ${source.count} frames to be judged were not answered by the edge${missed === undefined ? "" : `: ${missed}`}; the logs of the processes tell why`,
      { frames, expected: source.count },
    );
  }
  return {
    frames,
    accuracy: right / frames,
    hardAccuracy: hardRight / Math.max(1, hard),
    models: [...models],
  };
}

function fateOf(verdict: Verdict): string {
  return verdict.outcome === "refused" ? `was refused, ${verdict.reason}` : "was sent to the cloud";
}
