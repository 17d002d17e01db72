import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_THUMBNAIL_BYTES } from "@meanet/protocol";
import { frameOf, settledOf } from "../frames-for-tests.ts";
import type { CloudClasses } from "../stages.ts";
import { thumbnailsConfigSchema } from "./config.ts";
import { type LeftOut, Thumbnails, type ThumbnailsOptions } from "./thumbnails.ts";

const classes = (classIndex: number): CloudClasses => ({
  ...{ outcome: "answered", id: "a", worker: "worker-1", attempt: 1, model: "three@1.0.0" },
  classes: [{ classIndex, label: "?", probability: 0.9 }],
  ...{ queueMs: 0, computeMs: 1, energyJ: 0, energySource: "modelled:test" },
});

/** Thumbnails whose making ends when the test says so. */
function scene(changes: Partial<ThumbnailsOptions> = {}) {
  const seen: string[] = [];
  const leftOut: LeftOut[] = [];
  const sizes: number[] = [];
  let nowMs = 0;
  const thumbnails = new Thumbnails({
    config: thumbnailsConfigSchema.parse({ every: "1s", ofCloud: "disagreed", waiting: 2 }),
    make: async (item) => item.frame.payload,
    publish: async (device, id) => seen.push(`${device}/${id}`) > 0,
    onPublished: (bytes) => void sizes.push(bytes),
    onLeftOut: (reason) => void leftOut.push(reason),
    nowMs: () => nowMs,
    ...changes,
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { thumbnails, seen, leftOut, sizes, pass };
}

describe("thumbnails", () => {
  test("publish a frame of each device by the clock, and what the cloud saw otherwise than the edge", async () => {
    const { thumbnails, seen, sizes, pass } = scene();
    thumbnails.observe(settledOf(frameOf("first")));
    thumbnails.observe(settledOf(frameOf("early")));
    await thumbnails.idle();
    pass(100);
    thumbnails.observe(settledOf(frameOf("agreed"), { answer: classes(0) }));
    thumbnails.observe(settledOf(frameOf("disagreed"), { answer: classes(1) }));
    pass(1000);
    thumbnails.observe(settledOf(frameOf("later")));
    await thumbnails.idle();
    assert.deepEqual(seen, ["cam/first", "cam/disagreed", "cam/later"]);
    assert.deepEqual(sizes, [3, 3, 3]);
  });

  test("compare the cloud with the extension where it ran", async () => {
    const { thumbnails, seen, pass } = scene();
    thumbnails.observe(settledOf(frameOf("first")));
    pass(1);
    const extended = { stage: "extended", p2: [0.9, 0.1], extensionJ: 0 } as const;
    thumbnails.observe({ ...settledOf(frameOf("agreed"), { answer: classes(1) }), ...extended });
    thumbnails.observe({ ...settledOf(frameOf("disagreed"), { answer: classes(0) }), ...extended });
    await thumbnails.idle();
    assert.deepEqual(seen, ["cam/first", "cam/disagreed"]);
  });

  test("leave out by name a frame whose choice fails, and throw nothing into the pipeline", () => {
    const { thumbnails, leftOut } = scene();
    const settled = settledOf(frameOf("odd"), { answer: classes(1) });
    // Of no classes at all.
    thumbnails.observe({ ...settled, p1: undefined as never });
    assert.deepEqual(leftOut, ["failed"]);
  });

  test("begin nothing before the frame's own work is done, and make one at a time", async () => {
    const making: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { thumbnails, seen } = scene({
      async make({ frame }) {
        making.push(frame.id);
        await gate.promise;
        return frame.payload;
      },
    });
    thumbnails.observe(settledOf(frameOf("a", { device: "one" })));
    thumbnails.observe(settledOf(frameOf("b", { device: "two" })));
    await Promise.resolve();
    assert.deepEqual(making, []);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(making, ["a"]);
    gate.resolve();
    await thumbnails.idle();
    assert.deepEqual(seen, ["one/a", "two/b"]);
  });

  test("leave out by name what does not fit, cannot be made, is too large or does not leave", async () => {
    const busy = scene();
    for (const device of ["a", "b", "c", "d"]) busy.thumbnails.observe(settledOf(frameOf("x", { device })));
    await busy.thumbnails.idle();
    assert.deepEqual([busy.seen.length, busy.leftOut], [2, ["busy", "busy"]]);

    const damaged = scene({ make: async () => Promise.reject(new Error("no picture")) });
    damaged.thumbnails.observe(settledOf(frameOf("x")));
    const large = scene({ make: async () => new Uint8Array(MAX_THUMBNAIL_BYTES + 1) });
    large.thumbnails.observe(settledOf(frameOf("x")));
    const offline = scene({ publish: async () => false });
    offline.thumbnails.observe(settledOf(frameOf("x")));
    const closed = scene({ publish: async () => Promise.reject(new Error("closed")) });
    closed.thumbnails.observe(settledOf(frameOf("x")));
    for (const [{ thumbnails, leftOut, seen, sizes }, reason] of [
      [damaged, "failed"],
      [large, "failed"],
      [offline, "unsent"],
      [closed, "failed"],
    ] as const) {
      await thumbnails.idle();
      assert.deepEqual([seen, sizes, leftOut], [[], [], [reason]]);
    }
  });

  test("leave out what has nothing to be seen of, without a count", async () => {
    const { thumbnails, seen, leftOut } = scene({ make: async () => undefined });
    thumbnails.observe(settledOf(frameOf("x")));
    await thumbnails.idle();
    assert.deepEqual([seen, leftOut], [[], []]);
  });

  test("close after the one under way, and take no more", async () => {
    const gate = Promise.withResolvers<void>();
    const { thumbnails, seen } = scene({
      async make({ frame }) {
        await gate.promise;
        return frame.payload;
      },
    });
    thumbnails.observe(settledOf(frameOf("a", { device: "one" })));
    thumbnails.observe(settledOf(frameOf("b", { device: "two" })));
    await new Promise((resolve) => setImmediate(resolve));
    const closing = thumbnails.close();
    thumbnails.observe(settledOf(frameOf("c", { device: "three" })));
    gate.resolve();
    await closing;
    assert.deepEqual(seen, ["one/a"]);
  });
});
