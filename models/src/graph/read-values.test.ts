import assert from "node:assert/strict";
import { test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { buildInference } from "./inference-model.ts";
import { readTrainedValues } from "./read-values.ts";

const spec = meanetSpecSchema.parse({
  input: [1, 10, 10],
  classes: 4,
  hardClasses: 2,
  variant: "B",
  backbone: { widths: [4, 6], blocks: [1, 1] },
});
const parts = meanetParts(spec);

const refused = (error: unknown): boolean => isMeanetError(error, "NETWORK_INVALID");

test("a model gives back bit for bit the values that it was built with", () => {
  for (const part of [parts.main, parts.extension]) {
    const { theta, statistics } = initialise(part, 3);
    for (const at of statistics.keys()) statistics[at] = Math.fround(1 + at / 7);
    // A Buffer, as files are read, and at an odd place.
    const onnx = Buffer.concat([Buffer.alloc(1), buildInference(part, { theta, statistics })]).subarray(1);
    const read = readTrainedValues(part, onnx);
    assert.deepEqual(read.theta, theta);
    assert.deepEqual(read.statistics, statistics);
  }
});

test("a model of another network, and a file of another kind, are refused by the layer's name", () => {
  const wider = meanetParts({ ...spec, backbone: { ...spec.backbone, widths: [4, 8] } }).main;
  const onnx = buildInference(wider, initialise(wider, 1));
  assert.throws(
    () => readTrainedValues(parts.main, onnx),
    (error) => refused(error) && /main\.stage2/.test((error as Error).message),
  );
  assert.throws(() => readTrainedValues(parts.extension, onnx), refused);
  assert.throws(
    () => readTrainedValues(parts.main, Uint8Array.of(255, 255, 255)),
    (error) => isMeanetError(error, "MODEL_INVALID"),
  );
});
