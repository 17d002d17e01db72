import assert from "node:assert/strict";
import { test } from "node:test";
import { classifierPart } from "./classifier.ts";
import { initialise } from "./initialise.ts";

const part = classifierPart({
  input: [3, 8, 8],
  classes: 10,
  backbone: { stemStride: 1, widths: [32, 64], blocks: [1, 1] },
});

test("equal seeds give equal values, other seeds others", () => {
  assert.deepEqual(initialise(part, 1), initialise(part, 1));
  assert.notDeepEqual(initialise(part, 1).theta, initialise(part, 2).theta);
});

test("weights have mean 0 and variance 2/fan-in, classifiers 1/fan-in", () => {
  const { theta } = initialise(part, 1);
  for (const { name, offset, size, shape, initial } of part.graph.parameters) {
    const values = theta.subarray(offset, offset + size);
    const mean = values.reduce((sum, value) => sum + value, 0) / size;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    const expected = { he: 2, linear: 1, ones: 0, zeros: 0 }[initial] / (size / shape[0]!);
    const tolerance = 6 / Math.sqrt(size); // beyond six standard errors
    assert.ok(Math.abs(variance - expected) <= expected * tolerance * 1.5, `${name}: variance ${variance}`);
    const centre = initial === "ones" ? 1 : 0;
    assert.ok(Math.abs(mean - centre) <= Math.sqrt(expected) * tolerance, `${name}: mean ${mean}`);
  }
});

test("statistics start neutral", () => {
  const { statistics } = initialise(part, 1);
  for (const { offset, channels } of part.graph.statistics) {
    assert.ok(statistics.subarray(offset, offset + channels).every((mean) => mean === 0));
    assert.ok(statistics.subarray(offset + channels, offset + 2 * channels).every((value) => value === 1));
  }
});
