import { fileURLToPath } from "node:url";
import type { Answer, Device } from "@meanet/device";
import { openDataset } from "@meanet/models";

const VERDICT_TIMEOUT_MS = 240_000;
/** Fewer than an edge node asks the cloud for at once, 64: past it the edge answers itself, busy. */
const IN_FLIGHT = 48;

/** Raw frames of the sample that comes with the models, 28 x 28 bytes each. */
export async function sampleFrames(): Promise<Uint8Array[]> {
  const { count, images } = await (await openSample()).read("test");
  const size = images.length / count;
  return Array.from({ length: count }, (_, index) => images.slice(index * size, (index + 1) * size));
}

/** Their true classes, in the same order. */
export async function sampleLabels(): Promise<{ readonly index: number; readonly name: string }[]> {
  const sample = await openSample();
  const { labels } = await sample.read("test");
  return Array.from(labels, (index) => ({ index, name: sample.classes[index]! }));
}

function openSample() {
  const from = fileURLToPath(new URL("../samples/fashion-mnist", import.meta.resolve("@meanet/models")));
  return openDataset("fashion-mnist", { from });
}

export interface LoadOptions {
  readonly camera: Device;
  readonly frames: readonly Uint8Array[];
  readonly count: number;
  /** What to do when so many frames have their final verdict; the load goes on meanwhile. */
  readonly at?: Readonly<Record<number, () => Promise<void>>>;
}

/** Publishes frames `f-0`, `f-1`, … with QoS 1, many in flight. @returns the final answer of each */
export async function load({ camera, frames, count, at = {} }: LoadOptions): Promise<Answer[]> {
  const answers: Answer[] = [];
  const actions: Promise<void>[] = [];
  let next = 0;
  let ended = 0;
  async function publishInTurn(): Promise<void> {
    while (next < count) {
      const index = next++;
      const id = await camera.publishFrame(frames[index % frames.length]!, { id: `f-${index}` });
      answers[index] = await camera.awaitVerdict(id, VERDICT_TIMEOUT_MS);
      ended += 1;
      const action = at[ended];
      if (action !== undefined) actions.push(action());
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, publishInTurn));
  await Promise.all(actions);
  return answers;
}
