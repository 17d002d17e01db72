import type { OpName } from "../graph.ts";
import { averagePool } from "./average-pool.ts";
import { batchNorm } from "./batch-norm.ts";
import { conv } from "./conv.ts";
import { add, concat, flatten, relu } from "./elementwise.ts";
import { linear } from "./linear.ts";
import type { Op } from "./op.ts";

export const ops: { readonly [O in OpName]: Op<O> } = {
  conv,
  batchNorm,
  relu,
  add,
  concat,
  averagePool,
  flatten,
  linear,
};
