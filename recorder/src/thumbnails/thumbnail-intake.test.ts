import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import type { Thumbnail } from "./album.ts";
import { ThumbnailIntake } from "./thumbnail-intake.ts";

const webp = Buffer.from("RIFF....WEBPVP8 ", "latin1");
const name = (id: string) => ({ site: "lab", device: "cam-1", id });
const turn = () => new Promise((resolve) => setImmediate(resolve));

function scene(changes: { put?: (thumbnails: readonly Thumbnail[]) => void; maxBytes?: number } = {}) {
  const batches: string[][] = [];
  const leftOut: Record<string, number> = {};
  const intake = new ThumbnailIntake({
    album: {
      put(thumbnails) {
        changes.put?.(thumbnails);
        batches.push(thumbnails.map(({ id, type }) => `${id} ${type}`));
        return { kept: thumbnails.length, expired: 0 };
      },
      expire: () => 0,
    },
    maxBytes: changes.maxBytes ?? 1000,
    checkIntervalMs: 60_000,
    onKept: () => undefined,
    onLeftOut(reason, count) {
      leftOut[reason] = (leftOut[reason] ?? 0) + count;
    },
    log: createLog("test", "silent"),
  });
  return { intake, batches, leftOut, [Symbol.dispose]: () => intake.stop() };
}

describe("intake of thumbnails", () => {
  test("stores what arrives in one turn at once, with the type of its bytes", async () => {
    using opened = scene();
    const { intake, batches } = opened;
    intake.offer(name("a"), webp);
    intake.offer(name("b"), Buffer.from("[[1,2]]"));
    assert.deepEqual(batches, []);
    await turn();
    assert.deepEqual(batches, [["a image/webp", "b application/json"]]);
  });

  test("takes no bytes that a browser would run, and none that are too many", async () => {
    using opened = scene();
    const { intake, batches, leftOut } = opened;
    for (const hostile of ["<svg onload='alert(1)'/>", "<html>", "", "{}", "\u0000"]) {
      intake.offer(name("hostile"), Buffer.from(hostile));
    }
    const large = new Uint8Array(1001);
    large.set(webp);
    intake.offer(name("large"), large);
    await turn();
    assert.deepEqual([batches, leftOut], [[], { "thumbnail-refused": 6 }]);
  });

  test("bears a flood, and counts what it leaves out", async () => {
    using opened = scene();
    const { intake, batches, leftOut } = opened;
    for (let index = 0; index < 300; index++) intake.offer(name(`f-${index}`), webp);
    await turn();
    assert.deepEqual([batches.length, batches[0]?.length, leftOut], [1, 256, { "thumbnail-lost": 44 }]);
  });

  test("goes on after a failure, whose thumbnails are lost by count", async () => {
    let full = true;
    using opened = scene({
      put() {
        if (full) throw new Error("disk full");
      },
    });
    const { intake, batches, leftOut } = opened;
    intake.offer(name("a"), webp);
    intake.offer(name("b"), webp);
    await turn();
    full = false;
    intake.offer(name("c"), webp);
    await turn();
    assert.deepEqual([batches, leftOut], [[["c image/webp"]], { "thumbnail-lost": 2 }]);
  });

  test("stores what waits when it stops", () => {
    const { intake, batches } = scene();
    intake.offer(name("a"), webp);
    intake.stop();
    assert.deepEqual(batches, [["a image/webp"]]);
  });
});
