import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { statisticCount } from "../graph/graph.ts";
import type { Part, TrainedValues } from "../graph/part.ts";
import { assertGradient, someTheta } from "../graph/reference/central-differences.ts";
import { buildGradient } from "../graph/training-step.ts";
import { randomAt } from "../training/random.ts";
import { jointPart, meanetParts } from "./meanet.ts";
import { type MeanetSpecInput, meanetSpecSchema } from "./specs.ts";

const tiny = {
  input: [1, 14, 14],
  classes: 6,
  hardClasses: 3,
  backbone: { widths: [3, 4, 5], blocks: [1, 1, 1] },
} as const satisfies Partial<MeanetSpecInput>;

/** Values as after a training: running variances are not 1. */
function trained(part: Part): TrainedValues {
  const random = randomAt(7);
  const theta = Float32Array.from(someTheta(part.graph, random));
  const statistics = new Float32Array(statisticCount(part.graph));
  for (const { offset, channels } of part.graph.statistics) {
    for (let at = offset; at < offset + channels; at++) {
      statistics[at] = random.next() - 0.5;
      statistics[at + channels] = 0.5 + random.next();
    }
  }
  return { theta, statistics };
}

describe("gradients of a whole MEANet agree with central differences", () => {
  for (const variant of ["A", "B"] as const) {
    for (const combine of ["concat", "sum"] as const) {
      const { main, extension } = meanetParts(
        meanetSpecSchema.parse({ ...tiny, variant, combine, extensionBlocks: 2 }),
      );
      test(`variant ${variant} with ${combine}: adaptive and extension behind a frozen main`, async () => {
        await assertGradient({ part: extension, batch: 3, seed: 2, frozen: trained(main) });
      });
    }
    const { main, extension } = meanetParts(
      meanetSpecSchema.parse({ ...tiny, variant, notHard: true, extensionBlocks: 1 }),
    );
    test(`variant ${variant} with "not hard": adaptive and extension behind a frozen main`, async () => {
      assert.deepEqual(extension.graph.shapes.get(extension.graph.outputs.y2!), [tiny.hardClasses + 1]);
      await assertGradient({ part: extension, batch: 3, seed: 2, frozen: trained(main) });
    });
    const spec = meanetSpecSchema.parse({ ...tiny, variant, backbone: { ...tiny.backbone, stemStride: 2 } });
    test(`variant ${variant}: main`, async () => {
      await assertGradient({ part: meanetParts({ ...spec, exitPool: 2 }).main, batch: 4, seed: 3 });
    });
  }
  test("variant A: main, adaptive and extension at once by the loss of y2", async () => {
    const part = jointPart(meanetSpecSchema.parse({ ...tiny, variant: "A" }));
    await assertGradient({ part, batch: 2, seed: 4, samples: 4 });
  });
});

describe("gradients of a MEANet over time agree with central differences", () => {
  const windows = { input: [2, 40], backbone: { ...tiny.backbone, kernel: 5 } } as const;
  for (const variant of ["A", "B"] as const) {
    for (const combine of ["concat", "sum"] as const) {
      const { main, extension } = meanetParts(
        meanetSpecSchema.parse({ ...tiny, ...windows, variant, combine, extensionBlocks: 2 }),
      );
      test(`variant ${variant} with ${combine}: adaptive and extension behind a frozen main`, async () => {
        await assertGradient({ part: extension, batch: 3, seed: 2, frozen: trained(main) });
      });
    }
    test(`variant ${variant}: main`, async () => {
      const backbone = { ...windows.backbone, stemStride: 2 };
      const spec = meanetSpecSchema.parse({ ...tiny, ...windows, backbone, variant, exitPool: 2 });
      await assertGradient({ part: meanetParts(spec).main, batch: 4, seed: 3 });
    });
  }
});

test("a network over time sees maps of height 1, and only their length is halved", () => {
  const spec = meanetSpecSchema.parse({
    ...tiny,
    input: [9, 128],
    backbone: { ...tiny.backbone, kernel: 7, stemStride: 4 },
    variant: "B",
  });
  const { graph } = meanetParts(spec).main;
  assert.deepEqual(graph.shapes.get("x"), [9, 1, 128]);
  assert.deepEqual(graph.shapes.get(graph.outputs.F1!), [5, 1, 8]);
  const stem = graph.parameters.find(({ name }) => name === "main.stem.conv.weight")!;
  assert.deepEqual(stem.shape, [3, 9, 1, 7]);
});

test("a kernel of an even side is refused", () => {
  const backbone = { ...tiny.backbone, kernel: 4 };
  assert.equal(meanetSpecSchema.safeParse({ ...tiny, variant: "A", backbone }).success, false);
});

describe("gradients of an extension that learns from main agree with central differences", () => {
  const { main, extension } = meanetParts(meanetSpecSchema.parse({ ...tiny, variant: "A" }));
  const frozen = trained(main);
  const classes = [4, 0, 2];
  for (const [weight, temperature] of [
    [0.3, 2],
    [1, 0.7],
    [0, 3],
  ] as const) {
    test(`with a weight of ${weight} and a temperature of ${temperature}`, async () => {
      const distillation = { weight, temperature, classes };
      await assertGradient({ part: extension, batch: 3, seed: 4, labelSmoothing: 0.1, frozen, distillation });
    });
  }

  test("which needs main's values, and one of main's classes for each output", () => {
    const refused = (options: object) =>
      assert.throws(
        () => buildGradient(extension, { batch: 3, ...options }),
        (error) => isMeanetError(error, "NETWORK_INVALID"),
      );
    refused({ distillation: { weight: 0.5, temperature: 1, classes } });
    refused({ frozen, distillation: { weight: 0.5, temperature: 1, classes: [4, 0] } });
  });
});

test('"not hard" needs a class that is not', () => {
  const spec = { ...tiny, variant: "A", notHard: true };
  assert.equal(meanetSpecSchema.safeParse({ ...spec, hardClasses: tiny.classes }).success, false);
  assert.equal(meanetSpecSchema.safeParse(spec).success, true);
});

test("a pool larger than its map is refused by the layer's name", () => {
  const spec = meanetSpecSchema.parse({ ...tiny, variant: "A", exitPool: 20 });
  assert.throws(
    () => meanetParts(spec),
    (error) => isMeanetError(error, "NETWORK_INVALID") && error.message.includes("main.exit.pool"),
  );
});

test("variant A needs a stage for the extension", () => {
  const spec = { ...tiny, variant: "A", mainStages: 3 };
  assert.equal(meanetSpecSchema.safeParse(spec).success, false);
  assert.equal(meanetSpecSchema.safeParse({ ...spec, mainStages: 1 }).success, true);
});
