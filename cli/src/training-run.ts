import { readdir, rename, rm } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { type BundlePart, checkpointUnwritable, progressLine, type TrainingProgress } from "@meanet/models";
import { isMeanetError } from "@meanet/runtime";
import { createLogUpdate } from "log-update";
import { untilStopped } from "./lifetime.ts";

/** Between two lines about what is under way, where nobody watches a terminal. */
const LINE_INTERVAL_MS = 15_000;

/** What a training is given by the command that watches it. */
export interface Watched {
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal;
  readonly show: (progress: TrainingProgress) => void;
}

/**
 * Runs a training with its progress in view; Ctrl-C stops it after the step under way, and is told how to go on. Before the first step
 * and after the last there is none, and data may be read for minutes: a second Ctrl-C ends the process.
 */
export async function watchTraining(
  stream: NodeJS.WriteStream,
  run: (watched: Watched) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  void untilStopped().then(() => {
    stopping.abort();
    console.error(
      "stopping after the step under way; Ctrl-C again stops at once, without what was done since the last checkpoint",
    );
    // With a parent Ctrl-C reaches this process twice: what counts is what the parent passes on.
    const signals = process.send === undefined ? (["SIGINT", "SIGTERM"] as const) : (["SIGTERM"] as const);
    for (const signal of signals) process.on(signal, () => process.exit(128 + constants.signals.SIGINT));
  });
  try {
    await run({ signal: stopping.signal, show: progressView(stream) });
  } catch (error) {
    if (isMeanetError(error, "TRAINING_ABORTED")) {
      console.error("The same command with --resume goes on from here.");
    }
    throw error;
  } finally {
    // The channel to a parent must not keep a finished training alive.
    if (process.connected) process.disconnect();
  }
}

/**
 * Hours of training are not thrown away by a forgotten flag. Where nothing was trained nothing is put aside, so that a start that
 * failed at once does not take the place of what was put aside before.
 *
 * @param say - told where the checkpoints are now
 * @throws {MeanetError} CHECKPOINT_UNWRITABLE
 */
export async function putAside(
  work: string,
  part?: BundlePart,
  say: (text: string) => void = console.error,
): Promise<void> {
  const names = await readdir(work).catch(() => []);
  const wanted = part === undefined ? ".checkpoint" : `${part}.checkpoint`;
  if (!names.some((name) => name.endsWith(wanted))) return;
  const path = part === undefined ? work : join(work, wanted);
  const previous = `${path}.previous`;
  try {
    await rm(previous, { recursive: true, force: true });
    await rename(path, previous);
  } catch (cause) {
    throw checkpointUnwritable(path, cause);
  }
  say(
    `training anew: what was trained before is put aside, in ${previous}; --resume would have gone on from it`,
  );
}

/** A line that changes in place on a terminal, else a line now and then; epochs stay. */
export function progressView(stream: NodeJS.WriteStream): (progress: TrainingProgress) => void {
  if (stream.isTTY) {
    const update = createLogUpdate(stream);
    return (progress) => {
      if (progress.kind === "epoch") update.persist(progressLine(progress));
      else if (progress.kind === "measuring" && progress.done === 1) update.clear();
      else update(progressLine(progress));
    };
  }
  let nextMs = performance.now() + LINE_INTERVAL_MS;
  return (progress) => {
    if (progress.kind !== "epoch" && performance.now() < nextMs) return;
    nextMs = performance.now() + LINE_INTERVAL_MS;
    stream.write(`${progressLine(progress)}\n`);
  };
}
