import { type Session, Tensor, type ValueInfo } from "./session.ts";
import type { TensorData } from "./tensor-view.ts";

/**
 * A session that takes batches of any size. If every input is fixed to a batch of one, frames are run one by one, and inputs and outputs
 * show an open batch `N`; any other session is returned as it is.
 *
 * Input: `[n, …]` for every input. Output: `[n, …]`, the frames' answers joined; fetches are written into.
 */
export function anyBatch(session: Session): Session {
  if (!session.inputs.every(({ shape }) => shape[0] === 1)) return session;
  return {
    ...session,
    inputs: session.inputs.map(open),
    outputs: session.outputs.map(open),
    async run(feeds, fetches) {
      const answers: Record<string, Tensor>[] = [];
      const frames = Object.values(feeds)[0]?.dims[0] ?? 0;
      for (let frame = 0; frame < frames; frame++) {
        const single = Object.entries(feeds).map(([name, tensor]) => [name, frameOf(tensor, frame)] as const);
        answers.push(await session.run(Object.fromEntries(single)));
      }
      const names = fetches === undefined ? session.outputNames : Object.keys(fetches);
      const joined = names.map((name) => [name, join(answers.map((answer) => answer[name]!))] as const);
      for (const [name, { data }] of joined) {
        const fetched = fetches?.[name]?.data;
        if (fetched instanceof Float32Array) fetched.set(data as Float32Array);
      }
      return Object.fromEntries(joined);
    },
  };
}

function open(value: ValueInfo): ValueInfo {
  return { ...value, shape: ["N", ...value.shape.slice(1)] };
}

function frameOf({ type, data, dims }: Tensor, frame: number): Tensor {
  const length = data.length / dims[0]!;
  const own = (data as TensorData).slice(frame * length, (frame + 1) * length);
  return new Tensor(type, own, [1, ...dims.slice(1)]);
}

function join(parts: readonly Tensor[]): Tensor {
  const { type, data: first, dims } = parts[0]!;
  const length = first.length;
  const own = first as TensorData;
  const data = new (own.constructor as new (length: number) => TensorData)(length * parts.length);
  for (const [index, part] of parts.entries()) data.set(part.data as never, index * length);
  const [count = 1, ...rest] = dims;
  return new Tensor(type, data, [parts.length * count, ...rest]);
}
