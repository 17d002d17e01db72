import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { AdaptationMemory } from "./adaptation-process-for-tests.ts";

const script = join(import.meta.dirname, "adaptation-process-for-tests.ts");
const bundle = join(import.meta.dirname, "../../zoo/fashion-mnist");

/** A training in a process of its own: its estimate, and what it held beyond the process that it began in. */
async function measure(items: number, batch: number) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    bundle,
    String(items),
    String(batch),
  ]);
  const { estimated, before, peak } = JSON.parse(stdout) as AdaptationMemory;
  return { estimated, held: peak - before };
}

test("a training holds no more than the arithmetic that it is allowed by, and the arithmetic is not far above", async () => {
  const small = await measure(200, 32);
  const large = await measure(400, 256);
  for (const { estimated, held } of [small, large]) {
    assert.ok(held < estimated && estimated < 3 * held, `${held} held, ${estimated} by arithmetic`);
  }
  assert.ok(large.held > small.held && large.estimated > small.estimated);
});
