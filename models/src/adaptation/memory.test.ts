import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { isMeanetError } from "@meanet/runtime";
import { loadBundle } from "../bundle/bundle.ts";
import type { AdaptationMemory } from "./adaptation-process-for-tests.ts";
import { extensionPart } from "./learnable.ts";
import { adaptationBytes, itemsThatFit } from "./memory.ts";

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

test("as many items fit as the arithmetic allows beside the reference frames, and not one more; too few are refused by name", async () => {
  const loaded = await loadBundle(bundle);
  const { hardClasses, files } = loaded.manifest;
  const part = extensionPart(loaded, hardClasses.length);
  const reference = files.reference!.items;
  const bytes = (items: number) => adaptationBytes(loaded, part, reference + items, 32);
  const limits = { hardClasses: hardClasses.length, batch: 32, maxBytes: 300 * 2 ** 20 };
  const fit = itemsThatFit(loaded, limits, 40);
  assert.ok(bytes(fit) <= limits.maxBytes && bytes(fit + 1) > limits.maxBytes, `${fit}`);
  assert.equal(itemsThatFit(loaded, { ...limits, maxBytes: bytes(40) }, 40), 40);
  assert.throws(
    () => itemsThatFit(loaded, { ...limits, maxBytes: bytes(40) - 1 }, 40),
    (error) => isMeanetError(error, "LEARNING_REFUSED") && error.message.includes("of 40 items"),
  );
});
