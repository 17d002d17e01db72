import type { Part, TrainedValues } from "../graph/index.ts";
import { initialise } from "../networks/index.ts";

/** A part, its values, and the dictionary whose classes its logits are; behind them perhaps "not hard". */
export interface Dictionary {
  readonly part: Part;
  readonly hardClasses: readonly number[];
}

/**
 * Values for another dictionary. All layers below the last keep theirs; in the last, rows of classes that stay keep theirs, and rows of new
 * classes start fresh.
 *
 * @param seed - of the fresh rows
 */
export function carryOver(
  from: Dictionary & { readonly values: TrainedValues },
  to: Dictionary,
  seed: number,
): TrainedValues {
  const { theta, statistics } = from.values;
  const fresh = initialise(to.part, seed).theta;
  const last = lastLayer(to.part);
  for (const parameter of to.part.graph.parameters) {
    const before = from.part.graph.parameters.find(({ name }) => name === parameter.name)!;
    const source = theta.subarray(before.offset, before.offset + before.size);
    if (!last.has(parameter.name)) {
      fresh.set(source, parameter.offset);
      continue;
    }
    const width = parameter.size / parameter.shape[0]!;
    for (const [row, old] of rows(from, to, parameter.shape[0]!, before.shape[0]!).entries()) {
      if (old === undefined) continue;
      fresh.set(source.subarray(old * width, (old + 1) * width), parameter.offset + row * width);
    }
  }
  return { theta: fresh, statistics };
}

/** Weight and bias of the layer that gives the logits. */
function lastLayer({ graph, logits }: Part): ReadonlySet<string> {
  const call = graph.calls.find(({ output }) => output === graph.outputs[logits])!;
  return new Set(call.inputs.slice(1));
}

/** For each row of the new layer, the row of the old one that means the same; undefined for a new class. */
function rows(from: Dictionary, to: Dictionary, count: number, before: number): (number | undefined)[] {
  return Array.from({ length: count }, (_, row) => {
    const hardClass = to.hardClasses[row];
    if (hardClass === undefined) return before - 1; // "not hard", the last of both
    const old = from.hardClasses.indexOf(hardClass);
    return old === -1 ? undefined : old;
  });
}
