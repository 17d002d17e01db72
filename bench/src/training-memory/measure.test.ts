import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { memoryCases } from "./cases.ts";
import { type MemoryFigures, measureCase } from "./measure.ts";

test("a process that trains a step holds at least what its graph asks for", async () => {
  const [blockWise] = memoryCases(8);
  const { measuredBytes, processes, computed } = await measureCase(blockWise!, 1);
  assert.ok(measuredBytes > computed.total, `${measuredBytes} of ${computed.total}`);
  assert.equal(processes.length, 1);
});

test("the figures that the documents show: block by block takes at most half of all at once", async () => {
  const file = join(import.meta.dirname, "../../../docs/results/cifar-100/training-memory.json");
  const { cases } = JSON.parse(await readFile(file, "utf8")) as { readonly cases: readonly MemoryFigures[] };
  for (const variant of ["A", "B"]) {
    const of = (name: string) => cases.find((given) => given.name === `${name} ${variant}`)!;
    const ratio = of("block-wise").measuredBytes / of("end-to-end").measuredBytes;
    assert.ok(ratio <= 0.5, `variant ${variant}: ${ratio}`);
  }
});
