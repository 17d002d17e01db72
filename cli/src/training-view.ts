import { progressLine, type TrainingProgress } from "@meanet/models";
import { createLogUpdate } from "log-update";

/** Between two lines about the steps of an epoch, where nobody watches a terminal. */
const LINE_INTERVAL_MS = 15_000;

/** A line that changes in place on a terminal, else a line now and then; epochs stay. */
export function progressView(stream: NodeJS.WriteStream): (progress: TrainingProgress) => void {
  if (stream.isTTY) {
    const update = createLogUpdate(stream);
    return (progress) => {
      if (progress.kind === "epoch") update.persist(progressLine(progress));
      else update(progressLine(progress));
    };
  }
  let nextMs = performance.now() + LINE_INTERVAL_MS;
  return (progress) => {
    if (progress.kind === "step" && performance.now() < nextMs) return;
    nextMs = performance.now() + LINE_INTERVAL_MS;
    stream.write(`${progressLine(progress)}\n`);
  };
}
