import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import type { FrameResult } from "../figures.ts";
import { answered } from "../verdict.fixture.ts";
import type { FrameSource } from "./frame-source.ts";
import { type Camera, replay } from "./replay.ts";

const source: FrameSource = {
  count: 2,
  at: (index) => ({
    payload: Uint8Array.of(index % 2),
    classIndex: index % 2,
    label: ["Bag", "Coat"][index % 2]!,
  }),
};

/** Answers every frame with "Bag", after what `before` does with the attempt. */
function camera(before: (id: string, attempt: number) => void | Promise<void> = () => undefined) {
  const published: string[] = [];
  const labels = new Map<string, string>();
  const device: Camera = {
    publishFrame: async (_frame, { id }) => {
      published.push(id);
      return id;
    },
    awaitVerdict: async (id) => {
      await before(id, published.filter((other) => other === id).length);
      return { verdict: answered({ id, label: "Bag" }), latencyMs: 3 };
    },
    label: async (id, label) => {
      labels.set(id, label);
    },
  };
  return { device, published, labels };
}

function run(
  cameras: readonly Camera[],
  frames: number | undefined,
  more: Partial<Parameters<typeof replay>[0]> = {},
) {
  const results: FrameResult[] = [];
  const dropped: string[] = [];
  const done = replay({
    cameras,
    source,
    run: "r-1",
    rate: 100_000,
    frames,
    signal: new AbortController().signal,
    giveUp: new AbortController().signal,
    onResult: (result) => results.push(result),
    onDropped: (id) => dropped.push(id),
    ...more,
  });
  return { results, dropped, done };
}

describe("replay", () => {
  it("sends the frames round the cameras under ids of this run, with labels, and judges the verdicts", async () => {
    const [first, second] = [camera(), camera()];
    const { results, dropped, done } = run([first.device, second.device], 5);
    await done;
    assert.deepEqual(first.published, ["r-1-0", "r-1-2", "r-1-4"]);
    assert.deepEqual(second.published, ["r-1-1", "r-1-3"]);
    assert.deepEqual(
      [...second.labels],
      [
        ["r-1-1", "Coat"],
        ["r-1-3", "Coat"],
      ],
    );
    assert.equal(results.filter(({ correct }) => correct === true).length, 3);
    assert.equal(results.filter(({ correct }) => correct === false).length, 2);
    assert.deepEqual(dropped, []);
  });

  it("tells the true class of those frames only that it shall", async () => {
    const { device, published, labels } = camera();
    const { results, done } = run([device], 4, { tells: (index) => index % 2 === 0 });
    await done;
    assert.equal(published.length, 4);
    assert.deepEqual([...labels.keys()], ["r-1-0", "r-1-2"]);
    assert.equal(results.filter(({ correct }) => correct !== undefined).length, 4);
  });

  it("waits with the next frame while as many are under way as may be", async () => {
    const answers: (() => void)[] = [];
    const { device, published } = camera(() => new Promise((resolve) => answers.push(resolve)));
    const { done } = run([device], 3, { maxOutstanding: 2 });
    await settled();
    assert.deepEqual(published, ["r-1-0", "r-1-1"]);
    answers.shift()!();
    await settled();
    assert.equal(published.length, 3);
    for (const answer of answers) answer();
    await done;
  });

  it("publishes a silent frame again under its id, and drops it after three attempts", async () => {
    const { device, published } = camera((id, attempt) => {
      if (id === "r-1-1" || attempt === 1) throw new MeanetError("VERDICT_TIMEOUT", "silence");
    });
    const { results, dropped, done } = run([device], 2);
    await done;
    assert.deepEqual(published.filter((id) => id === "r-1-0").length, 2);
    assert.deepEqual(published.filter((id) => id === "r-1-1").length, 3);
    assert.deepEqual([results.length, dropped], [1, ["r-1-1"]]);
  });

  it("drops a frame whose publishing and labelling fail together, and lives on", async () => {
    const closed = () => Promise.reject(new MeanetError("SESSION_CLOSED", "the session is closed"));
    const { device } = camera();
    const { dropped, done } = run([{ ...device, publishFrame: closed, label: closed }], 2);
    await done;
    // Where a rejection that nobody heard of would end the process.
    await settled();
    assert.deepEqual(dropped, ["r-1-0", "r-1-1"]);
  });

  it("without an end goes on until it is told, and awaits what is under way", async () => {
    const ending = new AbortController();
    const { device, published } = camera((id) => {
      if (id === "r-1-9") ending.abort();
    });
    const { results, done } = run([device], undefined, { signal: ending.signal });
    await done;
    assert.ok(published.length >= 10);
    assert.equal(results.length, published.length);
  });

  it("gives up on frames that are not answered when it must", async () => {
    const ending = new AbortController();
    const givingUp = new AbortController();
    const { device } = camera(() => {
      ending.abort();
      givingUp.abort();
      return new Promise(() => undefined);
    });
    const { dropped, done } = run([device], 1, { signal: ending.signal, giveUp: givingUp.signal });
    await done;
    assert.deepEqual(dropped, ["r-1-0"]);
  });

  it("keeps no answer, however long it goes on", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const verdicts: WeakRef<Verdict>[] = [];
    let alive = 0;
    const { device } = camera(async (id) => {
      // What a weak reference was made of lives until the end of its turn.
      await settled();
      if (id !== "r-1-99") return;
      collectGarbage();
      alive = verdicts.filter((verdict) => verdict.deref() !== undefined).length;
    });
    const onResult = ({ verdict }: FrameResult) => verdicts.push(new WeakRef(verdict));
    await run([device], 100, { maxOutstanding: 1, onResult }).done;
    assert.equal(verdicts.length, 100);
    assert.ok(alive < 10, `${alive} of 99 are kept`);
  });
});
