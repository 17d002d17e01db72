import { parameterCount, statisticCount } from "../graph/graph.ts";
import type { Part, TrainedValues } from "../graph/part.ts";
import { normal, randomAt } from "../training/random.ts";

/**
 * First values of a part: weights normal with variance 2/fan-in before a ReLU and 1/fan-in in classifiers, γ 1, β and biases 0;
 * statistics of mean 0 and variance 1.
 *
 * @param seed - an integer; equal seeds give equal values
 * @see He et al. 2015, "Delving Deep into Rectifiers"
 */
export function initialise(
  part: Part,
  seed: number,
): TrainedValues & { theta: Float32Array<ArrayBuffer>; statistics: Float32Array<ArrayBuffer> } {
  const theta = new Float32Array(parameterCount(part.graph));
  for (const [index, { initial, offset, size, shape }] of part.graph.parameters.entries()) {
    const values = theta.subarray(offset, offset + size);
    if (initial === "ones") values.fill(1);
    if (initial === "ones" || initial === "zeros") continue;
    const fanIn = size / shape[0]!;
    const deviation = Math.sqrt((initial === "he" ? 2 : 1) / fanIn);
    const random = randomAt(seed, index);
    for (let at = 0; at < size; at++) values[at] = deviation * normal(random);
  }
  const statistics = new Float32Array(statisticCount(part.graph));
  for (const { channels, offset } of part.graph.statistics) {
    statistics.fill(1, offset + channels, offset + 2 * channels);
  }
  return { theta, statistics };
}
