import type { Device } from "@meanet/device";
import type { FrameSource } from "../replay/frame-source.ts";
import { type ReplayResult, replay } from "../replay/replay.ts";
import type { StopSignals } from "../stop-signals.ts";
import { percent } from "../up/figures-view.ts";
import { type AccuracyOverTime, judgeAnswer } from "./accuracy-over-time.ts";
import type { Phase } from "./plan.ts";
import type { Progress } from "./progress.ts";

export interface StreamOptions {
  readonly camera: Device;
  readonly source: FrameSource;
  readonly phase: Phase;
  readonly run: string;
  readonly rate: number;
  readonly hardClasses: ReadonlySet<number>;
  readonly tells: (place: number) => boolean;
  readonly overTime: AccuracyOverTime;
  /** Seconds since the stream began. */
  readonly nowS: () => number;
  readonly progress: Progress;
  readonly ending: StopSignals;
  /** Whether a phase that waits for learning need wait no more. */
  readonly learned: () => boolean;
  readonly patienceMs: number;
}

/** What became of the frames of a phase. */
export interface StreamedPhase {
  readonly frames: number;
  readonly labelled: number;
  /** Frames without verdict. */
  readonly dropped: number;
  /** Joules of the edge for its answers: compute and uplink. */
  readonly energyJ: number;
  /** Share of the frames whose final answer is the cloud's. */
  readonly cloudShare: number;
}

/** Streams the frames of one phase at the camera's rate, and watches what becomes of them. */
export async function streamPhase(options: StreamOptions): Promise<StreamedPhase> {
  const { phase, source, hardClasses, overTime, nowS, progress, ending } = options;
  const enough = new AbortController();
  const patience = setTimeout(() => enough.abort(), options.patienceMs);
  const startS = nowS();
  const seen = {
    frames: 0,
    labelled: 0,
    dropped: 0,
    energyJ: 0,
    cloud: 0,
    hard: 0,
    edgeRight: 0,
    finalRight: 0,
  };
  overTime.begin(phase.name);
  try {
    await replay({
      cameras: [options.camera],
      source,
      run: `${options.run}-${phase.name}`,
      rate: options.rate,
      frames: phase.untilLearned ? undefined : phase.frames,
      tells: (place) => {
        const told = options.tells(place);
        if (told) seen.labelled += 1;
        return told;
      },
      signal: AbortSignal.any([ending.signal, enough.signal]),
      giveUp: ending.giveUp,
      onResult: take,
      onDropped: (id) => {
        seen.dropped += 1;
        progress.say(`frame ${id} got no verdict`);
      },
    });
  } finally {
    clearTimeout(patience);
    overTime.end();
  }
  progress.say(line());
  const { frames, labelled, dropped, energyJ } = seen;
  return { frames, labelled, dropped, energyJ, cloudShare: seen.cloud / Math.max(1, frames) };

  function take({ index, verdict, provisional }: ReplayResult): void {
    seen.frames += 1;
    if (verdict.outcome === "answered") {
      const { mainJ, extensionJ, uplinkJ } = verdict.energy;
      seen.energyJ += mainJ + extensionJ + uplinkJ;
      if (verdict.exit === "cloud") seen.cloud += 1;
    }
    const { classIndex } = source.at(index);
    const judged = hardClasses.has(classIndex) ? judgeAnswer(classIndex, verdict, provisional) : undefined;
    if (judged !== undefined) {
      seen.hard += 1;
      if (judged.edgeRight) seen.edgeRight += 1;
      if (judged.finalRight) seen.finalRight += 1;
      overTime.add({ ...judged, atS: nowS() });
    }
    if (phase.untilLearned && seen.frames >= phase.frames && options.learned()) enough.abort();
    progress.update(line());
  }

  function line(): string {
    const seconds = nowS() - startS;
    const rate = seen.frames / Math.max(seconds, 1e-3);
    const [edge, final] = [seen.edgeRight, seen.finalRight].map((right) =>
      percent(seen.hard === 0 ? null : right / seen.hard),
    );
    return `${phase.name.padEnd(8)} ${seconds.toFixed(0).padStart(4)} s  ${seen.frames} frames, ${rate.toFixed(0)}/s, ${seen.labelled} labelled | hard classes: edge ${edge}, with the cloud ${final}`;
  }
}
