import type { Exit } from "@meanet/protocol";
import { percentile } from "./statistics.ts";

/** What became of one frame. What a case does not have is left out: a relay gives no answer, an engine alone no joules. */
export interface FrameOutcome {
  readonly answer?: {
    readonly correct: boolean;
    readonly exit: Exit;
  };
  readonly costs?: {
    /** Compute at the edge and uplink. */
    readonly edgeJ: number;
    readonly cloudJ: number;
    /** From the edge to the cloud. */
    readonly uplinkBytes: number;
  };
  readonly refused?: boolean;
}

/** Figures of one round; null where the case has no such thing. */
export interface Round {
  readonly framesPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of right answers, 0 to 1; refusals count as wrong. */
  readonly accuracy: number | null;
  readonly exits: Readonly<Record<Exit, number>> | null;
  /** Means over all frames. */
  readonly edgeJPerFrame: number | null;
  readonly cloudJPerFrame: number | null;
  readonly uplinkBytesPerFrame: number | null;
  readonly refused: number;
}

export interface RoundOptions {
  readonly frames: number;
  /** Frames under way at a time: the next is sent when one ends. */
  readonly outstanding: number;
  /** Sends one frame; resolves at its end. */
  readonly send: (index: number) => Promise<FrameOutcome>;
  readonly now?: () => number;
}

/**
 * Sends frames in a closed loop, so that a slower case is asked less and latency shows the case, not a growing queue.
 *
 * @throws what `send` throws: a frame that has no end has no figures
 */
export async function measureRound(options: RoundOptions): Promise<Round> {
  const { frames, outstanding, send, now = () => performance.now() } = options;
  const latenciesMs: number[] = [];
  const outcomes: FrameOutcome[] = [];
  let next = 0;
  const startedMs = now();
  await Promise.all(
    Array.from({ length: Math.min(outstanding, frames) }, async () => {
      while (next < frames) {
        const sentMs = now();
        outcomes.push(await send(next++));
        latenciesMs.push(now() - sentMs);
      }
    }),
  );
  return { ...summarise(outcomes), ...timing(latenciesMs, now() - startedMs) };
}

function timing(latenciesMs: readonly number[], elapsedMs: number) {
  return {
    framesPerS: (latenciesMs.length * 1000) / elapsedMs,
    p50Ms: percentile(latenciesMs, 50),
    p99Ms: percentile(latenciesMs, 99),
  };
}

function summarise(outcomes: readonly FrameOutcome[]) {
  const answers = outcomes.flatMap(({ answer }) => answer ?? []);
  const costs = outcomes.flatMap(({ costs }) => costs ?? []);
  const share = (sum: number) => sum / outcomes.length;
  const mean = (of: (cost: (typeof costs)[number]) => number) =>
    costs.length === 0 ? null : share(costs.reduce((sum, cost) => sum + of(cost), 0));
  const through = (exit: Exit) => share(answers.filter((answer) => answer.exit === exit).length);
  return {
    accuracy: answers.length === 0 ? null : share(answers.filter(({ correct }) => correct).length),
    exits:
      answers.length === 0
        ? null
        : { main: through("main"), extension: through("extension"), cloud: through("cloud") },
    edgeJPerFrame: mean(({ edgeJ }) => edgeJ),
    cloudJPerFrame: mean(({ cloudJ }) => cloudJ),
    uplinkBytesPerFrame: mean(({ uplinkBytes }) => uplinkBytes),
    refused: outcomes.filter(({ refused }) => refused === true).length,
  };
}
