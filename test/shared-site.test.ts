import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { load, sampleFrames } from "./rig/frames.ts";
import { Site } from "./rig/site.ts";
import { expectEachOnce } from "./rig/store.ts";

const FRAMES = 400;

describe("two edge nodes of one site", () => {
  const site = new Site();
  after(() => site.close());

  it("share its frames: each frame is answered once, and both take part", async () => {
    await site.startUp("--no-replay", "--edges", "2");
    const answers = await load({
      camera: await site.openCamera("camera-1"),
      frames: await sampleFrames(),
      count: FRAMES,
    });

    assert.equal(answers.length, FRAMES);
    assert.ok(answers.every(({ verdict }) => verdict.final && verdict.outcome === "answered"));
    const rows = await expectEachOnce(site.storeFile, FRAMES);
    assert.deepEqual([...new Set(rows.map(({ edge }) => edge))].sort(), ["edge-1", "edge-2"]);
  });
});
