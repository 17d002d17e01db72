/**
 * What the models cost without anything around them: no broker, no journal, no other process.
 *
 *     frame ─ main, batches ─┬─────────────────────── answer
 *                            └ hard ─ extension, batches ─┘
 *
 * As at the edge node by itself (policy edge-only): one thread for each engine, and whatever waits when an engine comes
 * free is its next batch.
 */
import { type Engine, openEngine, stack, type TensorView, unstack } from "@meanet/inference";
import { type Bundle, calledHard, decide, decisionOf, imageInputOf, softmax, toTensor } from "@meanet/models";
import type { FrameOutcome } from "./round.ts";
import type { Sample } from "./sample.ts";

/** As of the edge node by default. */
const BATCH = 32;

export interface EngineAlone {
  readonly send: (index: number) => Promise<FrameOutcome>;
  close(): Promise<void>;
}

interface Item {
  readonly x: Float32Array;
}

interface HardItem extends Item {
  readonly features: Float32Array;
}

/** @throws {MeanetError} MODEL_INVALID, ENGINE_CRASHED */
export async function openEngineAlone({ files, manifest }: Bundle, sample: Sample): Promise<EngineAlone> {
  const { hardClasses } = manifest;
  const input = imageInputOf(manifest, "the bench");
  const tensors = Array.from({ length: sample.count }, (_, index) => toTensor(sample.payload(index), input));
  const main = await openEngine({ name: "main", model: files.main, threads: 1, anyBatch: true });
  const extension = await openEngine({ name: "extension", model: files.extension, threads: 1 });

  /** Of F1, one frame; main has run before the extension does. */
  let featureDims: readonly number[] = [];

  const runMain = batched<Item, { y1: Float32Array; features: Float32Array }>(async (batch) => {
    const outputs = await run(main, {
      x: stack(
        batch.map(({ x }) => x),
        input.shape,
      ),
    });
    const y1 = unstack(outputs.y1!);
    featureDims = outputs.F1!.dims.slice(1);
    return unstack(outputs.F1!).map((features, index) => ({ y1: y1[index]!, features }));
  });
  const runExtension = batched<HardItem, Float32Array>(async (batch) => {
    const outputs = await run(extension, {
      x: stack(
        batch.map(({ x }) => x),
        input.shape,
      ),
      F1: stack(
        batch.map(({ features }) => features),
        featureDims,
      ),
    });
    return unstack(outputs.y2!);
  });

  return {
    send: async (index) => {
      const x = tensors[index % sample.count]!;
      const { y1, features } = await runMain({ x });
      const p1 = softmax(y1);
      const p2 = calledHard(p1, hardClasses) ? softmax(await runExtension({ x, features })) : undefined;
      const { classIndex, exit } = decide({ p1, p2, ...decisionOf(manifest) });
      return { answer: { correct: classIndex === sample.classIndex(index), exit } };
    },
    async close() {
      await Promise.all([main.close(), extension.close()]);
    },
  };
}

async function run(engine: Engine, feeds: Record<string, TensorView>) {
  return (await engine.run(feeds)).outputs;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** One batch in flight; what comes meanwhile is the next. Items of the same breath go together. */
function batched<T, R>(work: (batch: readonly T[]) => Promise<readonly R[]>): (item: T) => Promise<R> {
  const waiting: Waiting<T, R>[] = [];
  let busy = false;

  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      try {
        const results = await work(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      // The answers just given send their next frames before the next batch leaves.
      await new Promise<void>((done) => setImmediate(done));
    }
    busy = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (busy) return;
      busy = true;
      setImmediate(() => void drain());
    });
}
