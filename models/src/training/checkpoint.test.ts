import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type Checkpoint, fingerprintOf, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";

const checkpoint: Checkpoint = {
  fingerprint: "a",
  frames: "f",
  epoch: 3,
  step: 7,
  lossSum: 0.1 + 0.2,
  correct: 12,
  seconds: 1.5,
  theta: Float32Array.of(0.1, -0, 1e-40),
  momentum: Float32Array.of(1, 2, 3),
};

describe("a checkpoint", () => {
  let path: string;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-checkpoint-"));
    path = join(folder, "deep", "main.checkpoint");
  });
  after(() => rm(folder, { recursive: true }));

  it("is read back bit by bit", async () => {
    await writeCheckpoint(path, checkpoint);
    assert.deepEqual(await readCheckpoint(path, "a"), checkpoint);
  });

  it("that is not there is none", async () => {
    assert.equal(await readCheckpoint(join(folder, "none"), "a"), undefined);
  });

  it("of another training is refused", async () => {
    await writeCheckpoint(path, checkpoint);
    await assert.rejects(readCheckpoint(path, "b"), (error) => isMeanetError(error, "CHECKPOINT_MISMATCH"));
  });

  it("of other frames is refused; one of an older release tells nothing of its frames, and is taken", async () => {
    await writeCheckpoint(path, checkpoint);
    assert.deepEqual(await readCheckpoint(path, "a", "f"), checkpoint);
    await assert.rejects(
      readCheckpoint(path, "a", "g"),
      (error) => isMeanetError(error, "CHECKPOINT_MISMATCH") && /the frames/.test(error.message),
    );
    const { frames: _, ...older } = checkpoint;
    await writeCheckpoint(path, older);
    assert.deepEqual(await readCheckpoint(path, "a", "g"), older);
  });

  it("that cannot be written is told by its place, and leaves the one before", async () => {
    await writeCheckpoint(path, checkpoint);
    await mkdir(`${path}.new`);
    await assert.rejects(
      writeCheckpoint(path, { ...checkpoint, epoch: 4 }),
      (error) => isMeanetError(error, "CHECKPOINT_UNWRITABLE") && error.message.startsWith(path),
    );
    await rmdir(`${path}.new`);
    assert.deepEqual(await readCheckpoint(path, "a"), checkpoint);
  });

  it("with a flipped byte or cut off is refused", async () => {
    await writeCheckpoint(path, checkpoint);
    const whole = await readFile(path);
    const flipped = Uint8Array.from(whole);
    flipped[flipped.length - 2]! ^= 1;
    for (const bytes of [flipped, whole.subarray(0, -4), whole.subarray(0, 30), whole.subarray(0, 2)]) {
      await writeFile(path, bytes);
      await assert.rejects(readCheckpoint(path, "a"), (error) => isMeanetError(error, "CHECKPOINT_MISMATCH"));
    }
  });
});

describe("fingerprintOf", () => {
  it("does not depend on the order of keys, and does on every value", () => {
    const frozen = Float32Array.of(1, 2);
    assert.equal(fingerprintOf({ a: 1, b: { c: [2], d: 3 } }), fingerprintOf({ b: { d: 3, c: [2] }, a: 1 }));
    assert.notEqual(fingerprintOf({ a: 1 }), fingerprintOf({ a: 2 }));
    assert.notEqual(fingerprintOf({ a: 1 }, frozen), fingerprintOf({ a: 1 }, Float32Array.of(1, 3)));
  });
});
