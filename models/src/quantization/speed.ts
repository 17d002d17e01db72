import { type Engine, openEngine, type TensorViews } from "@meanet/inference";

/** Median milliseconds of one run of each model, and how many times faster the second is. */
export interface Speed {
  readonly float32Ms: number;
  readonly int8Ms: number;
  readonly ratio: number;
}

const WARM_UP = 20;
const RUNS = 300;

/**
 * Times both models on one thread each, run by run in turn: what else the machine does falls on both alike.
 *
 * @param feeds - inputs of one frame
 */
export async function measureSpeed(
  float32: Uint8Array,
  int8: Uint8Array,
  feeds: TensorViews,
): Promise<Speed> {
  const first = await openEngine({ name: "float32", model: float32, threads: 1 });
  try {
    const second = await openEngine({ name: "int8", model: int8, threads: 1 });
    try {
      const times: [number[], number[]] = [[], []];
      for (let run = -WARM_UP; run < RUNS; run++) {
        for (const [index, engine] of [first, second].entries()) {
          const ms = await timed(engine, feeds);
          if (run >= 0) times[index]!.push(ms);
        }
      }
      const [float32Ms, int8Ms] = [median(times[0]), median(times[1])];
      return { float32Ms, int8Ms, ratio: float32Ms / int8Ms };
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

async function timed(engine: Engine, feeds: TensorViews): Promise<number> {
  // A run takes its feeds away; these are needed again.
  const copies = Object.entries(feeds).map(
    ([name, { data, dims }]) => [name, { data: data.slice(), dims }] as const,
  );
  return (await engine.run(Object.fromEntries(copies))).computeMs;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
