import type { Device } from "@meanet/device";
import { percent } from "../quantity-text.ts";
import type { FrameSource } from "../replay/frame-source.ts";
import { type ReplayResult, replay } from "../replay/replay.ts";
import type { StopSignals } from "../stop-signals.ts";
import type { AccuracyOverTime } from "./accuracy-over-time.ts";
import { type Phase, TURN_S, UNDER_WAY } from "./plan.ts";
import { PolicyTurns, type TurnPolicy, turnPolicies } from "./policy-turns.ts";
import type { Progress } from "./progress.ts";

export interface StreamOptions {
  readonly camera: Device;
  readonly source: FrameSource;
  readonly phase: Phase;
  readonly run: string;
  readonly rate: number;
  readonly hardClasses: ReadonlySet<number>;
  readonly tells: (place: number) => boolean;
  /** Puts a policy in force at the edge. */
  readonly setPolicy: (policy: TurnPolicy) => Promise<void>;
  /** Of hard classes, by who answers. */
  readonly overTime: Readonly<Record<TurnPolicy, AccuracyOverTime>>;
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
  /** Frames whose final answer is the cloud's. */
  readonly cloudAnswers: number;
}

/**
 * Streams the frames of one phase at the camera's rate, and watches what becomes of them. The edge alone and the edge with the
 * cloud answer in turns.
 *
 * @throws {MeanetError} SCENARIO_INCOMPLETE when the edge changes its policy no more
 */
export async function streamPhase(options: StreamOptions): Promise<StreamedPhase> {
  const { phase, source, hardClasses, overTime, nowS, progress, ending } = options;
  const turns = new PolicyTurns({ set: options.setPolicy, frames: Math.ceil(TURN_S * options.rate) });
  const turnOf = new Map<number, number>();
  const enough = new AbortController();
  const patience = phase.untilLearned ? setTimeout(() => enough.abort(), options.patienceMs) : undefined;
  const startS = nowS();
  const seen = { frames: 0, labelled: 0, dropped: 0, energyJ: 0, cloudAnswers: 0 };
  const hard = { "edge-only": { frames: 0, right: 0 }, meanet: { frames: 0, right: 0 } };
  for (const policy of turnPolicies) overTime[policy].begin(phase.name);
  await turns.begin();
  try {
    await replay({
      cameras: [options.camera],
      source,
      run: `${options.run}-${phase.name}`,
      rate: options.rate,
      maxOutstanding: UNDER_WAY,
      frames: phase.untilLearned ? undefined : phase.frames,
      tells: (place) => {
        turnOf.set(place, turns.turn);
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
    for (const policy of turnPolicies) overTime[policy].end();
  }
  await turns.end();
  progress.say(line());
  return seen;

  function take({ index, verdict }: ReplayResult): void {
    const policy = turns.answered(turnOf.get(index)!);
    turnOf.delete(index);
    seen.frames += 1;
    const { classIndex } = source.at(index);
    if (verdict.outcome === "answered") {
      const { mainJ, extensionJ, uplinkJ } = verdict.energy;
      seen.energyJ += mainJ + extensionJ + uplinkJ;
      if (verdict.exit === "cloud") seen.cloudAnswers += 1;
      if (policy !== undefined && hardClasses.has(classIndex)) {
        const right = verdict.classIndex === classIndex;
        hard[policy].frames += 1;
        if (right) hard[policy].right += 1;
        overTime[policy].add(right, nowS());
      }
    }
    if (phase.untilLearned && seen.frames >= phase.frames && options.learned()) enough.abort();
    progress.update(line());
  }

  function line(): string {
    const seconds = nowS() - startS;
    const rate = seen.frames / Math.max(seconds, 1e-3);
    const [edge, both] = turnPolicies.map((policy) => {
      const { frames, right } = hard[policy];
      return percent(frames === 0 ? null : right / frames);
    });
    return `${phase.name.padEnd(8)} ${seconds.toFixed(0).padStart(4)} s  ${seen.frames} frames, ${rate.toFixed(0)}/s, ${seen.labelled} labelled | hard classes: edge alone ${edge}, with the cloud ${both}`;
  }
}
