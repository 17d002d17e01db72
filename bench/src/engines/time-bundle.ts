import { type Engine, openEngine, type TensorViews } from "@meanet/inference";
import { inputDims, loadBundle, randomAt, resolveBundle } from "@meanet/models";
import { median } from "../statistics.ts";

export interface BlockTimes {
  readonly bundle: string;
  readonly block: "main" | "adaptive + extension" | "cloud";
  readonly batch: number;
  /** Multiply-accumulates of one frame. */
  readonly macs: number;
  /** Median time of the native run, per frame. */
  readonly computeMs: number;
  /** And with the way to the engine's thread and back. */
  readonly roundTripMs: number;
}

const WARM_UP_RUNS = 10;

/** Times the blocks of a bundle on drawn inputs: what a run takes does not depend on the values. */
export async function timeBundle(
  nameOrFolder: string,
  { batches, runs }: { readonly batches: readonly number[]; readonly runs: number },
): Promise<BlockTimes[]> {
  const { manifest, files } = await loadBundle(await resolveBundle(nameOrFolder));
  const { main, adaptive, extension, cloud } = manifest.blocks;
  const blocks = [
    { block: "main", model: files.main, macs: main.macs },
    { block: "adaptive + extension", model: files.extension, macs: adaptive.macs + extension.macs },
    ...(files.cloud === undefined || cloud === undefined
      ? []
      : [{ block: "cloud", model: files.cloud, macs: cloud.macs } as const]),
  ] as const;
  const bundle = `${manifest.name}@${manifest.version}`;
  const engines: Engine[] = [];
  try {
    for (const { block, model } of blocks) {
      engines.push(await openEngine({ name: `${bundle}/${block}`, model, threads: 1, anyBatch: true }));
    }
    const { outputs } = await engines[0]!.run({ x: drawn([1, ...inputDims(manifest.input)]) });
    const dims = { x: inputDims(manifest.input), F1: outputs.F1!.dims.slice(1) };
    const times: BlockTimes[] = [];
    for (const batch of batches) {
      const feeds = (engine: Engine): TensorViews =>
        Object.fromEntries(
          engine.inputs.map(({ name }) => [name, drawn([batch, ...dims[name === "F1" ? "F1" : "x"]])]),
        );
      const samples = await interleaved(engines, feeds, runs);
      for (const [index, { block, macs }] of blocks.entries()) {
        const { computeMs, roundTripMs } = samples[index]!;
        times.push({
          ...{ bundle, block, batch, macs },
          computeMs: median(computeMs) / batch,
          roundTripMs: median(roundTripMs) / batch,
        });
      }
    }
    return times;
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/** One run of each engine after the other: what the machine does beside this falls on no engine alone. */
async function interleaved(
  engines: readonly Engine[],
  feeds: (engine: Engine) => TensorViews,
  runs: number,
): Promise<{ readonly computeMs: number[]; readonly roundTripMs: number[] }[]> {
  const samples = engines.map(() => ({ computeMs: [] as number[], roundTripMs: [] as number[] }));
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    for (const [index, engine] of engines.entries()) {
      const given = feeds(engine);
      const startedMs = performance.now();
      const { computeMs } = await engine.run(given);
      if (run < 0) continue;
      samples[index]!.roundTripMs.push(performance.now() - startedMs);
      samples[index]!.computeMs.push(computeMs);
    }
  }
  return samples;
}

function drawn(dims: readonly number[]) {
  const random = randomAt(1);
  const length = dims.reduce((product, side) => product * side, 1);
  return { dims, data: Float32Array.from({ length }, () => 2 * random.next() - 1) };
}
