import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "./count.ts";
import { meanetSpecSchema } from "./specs.ts";

/** Counted from the layers of the authors' released code for ResNet-32 on CIFAR-100, 50 hard classes. */
const published = [
  {
    variant: "A",
    combine: "concat",
    main: [192_692, 46.66],
    adaptive: [19_664, 8.83],
    extension: [377_394, 23.86],
  },
  {
    variant: "A",
    combine: "sum",
    main: [192_692, 46.66],
    adaptive: [19_664, 8.83],
    extension: [356_914, 22.55],
  },
  {
    variant: "B",
    combine: "concat",
    main: [472_756, 69.13],
    adaptive: [77_392, 12.5],
    extension: [344_370, 21.76],
  },
  {
    variant: "B",
    combine: "sum",
    main: [472_756, 69.13],
    adaptive: [77_392, 12.5],
    extension: [299_186, 18.88],
  },
] as const;

for (const { variant, combine, ...blocks } of published) {
  test(`ResNet-32 in variant ${variant} with ${combine} has the published parameters and MACs per block`, () => {
    const spec = meanetSpecSchema.parse({
      input: [3, 32, 32],
      classes: 100,
      hardClasses: 50,
      variant,
      combine,
      backbone: { widths: [16, 32, 64], blocks: [5, 5, 5] },
    });
    const counts = count(spec);
    for (const block of ["main", "adaptive", "extension"] as const) {
      const { parameters, macs } = counts[block];
      assert.deepEqual([parameters, Math.round(macs / 1e4) / 100], blocks[block], block);
    }
  });
}
