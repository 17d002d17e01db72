import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { JournalReplay } from "./journal-replay.ts";

/** A journal of rows 3 to 12: 1 and 2 are forgotten. */
const journal = {
  name: "j1",
  rows: (from: number, to: number, limit: number) =>
    Array.from({ length: 10 }, (_, index) => ({ seq: index + 3 }) as Verdict)
      .filter(({ seq }) => seq >= from && seq <= to)
      .slice(0, limit),
};

function replayOf(publish: (verdict: Verdict) => Promise<unknown>, errors: unknown[] = []) {
  return new JournalReplay({
    journal,
    publish,
    pageRows: 4,
    maxWaiting: 2,
    onError: (error) => errors.push(error),
  });
}

describe("JournalReplay", () => {
  test("publishes the rows asked for in order, both ends included", async () => {
    const published: number[] = [];
    const replay = replayOf(async ({ seq }) => published.push(seq));
    assert.ok(replay.request({ journal: "j1", from: 4, to: 10 }));
    await replay.idle();
    assert.deepEqual(published, [4, 5, 6, 7, 8, 9, 10]);
  });

  test("gives what is still there of a range that reaches too far, however far", async () => {
    const published: number[] = [];
    const replay = replayOf(async ({ seq }) => published.push(seq));
    replay.request({ journal: "j1", from: 1, to: Number.MAX_SAFE_INTEGER });
    await replay.idle();
    assert.equal(published.length, 10);
  });

  test("waits for the broker to have a page before it sends the next", async () => {
    const held: (() => void)[] = [];
    const replay = replayOf(() => new Promise<void>((resolve) => held.push(resolve)));
    replay.request({ journal: "j1", from: 3, to: 12 });
    for (const page of [4, 4, 2]) {
      assert.equal(held.length, page);
      for (const release of held.splice(0)) release();
      await new Promise(setImmediate);
    }
    await replay.idle();
    assert.equal(held.length, 0);
  });

  test("refuses another journal's rows, and more requests than may wait", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const published: number[] = [];
    const replay = replayOf(async ({ seq }) => {
      await gate;
      published.push(seq);
    });
    assert.equal(replay.request({ journal: "j0", from: 1, to: 2 }), false);
    const row = (seq: number) => ({ journal: "j1", from: seq, to: seq });
    assert.deepEqual(
      [3, 4, 5, 6].map((seq) => replay.request(row(seq))),
      [true, true, true, false],
    );
    release();
    await replay.idle();
    assert.deepEqual(published, [3, 4, 5]);
    assert.ok(replay.request(row(6)));
    replay.stop();
    assert.equal(replay.request(row(6)), false);
  });

  test("answers once what is asked for again while it waits", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const published: number[] = [];
    const replay = replayOf(({ seq }) => {
      published.push(seq);
      return gate;
    });
    const asked = [3, 7, 7, 7, 9].map((seq) => replay.request({ journal: "j1", from: seq, to: seq }));
    assert.deepEqual(asked, [true, true, true, true, true]);
    release();
    await replay.idle();
    assert.deepEqual(published, [3, 7, 9]);
  });

  test("stops without a broker to take the page on its way, and begins no other", async () => {
    const published: number[] = [];
    const gate = Promise.withResolvers<void>();
    const replay = replayOf(({ seq }) => {
      published.push(seq);
      return gate.promise;
    });
    replay.request({ journal: "j1", from: 3, to: 12 });
    replay.request({ journal: "j1", from: 5, to: 6 });
    replay.stop();
    gate.resolve();
    await replay.idle();
    assert.deepEqual(published, [3, 4, 5, 6]);
  });

  test("gives up a request that cannot be published and goes on with the next", async () => {
    const errors: unknown[] = [];
    const published: number[] = [];
    const replay = replayOf(async ({ seq }) => {
      if (seq === 3) throw new Error("backlog");
      if (errors.length > 0) published.push(seq);
    }, errors);
    replay.request({ journal: "j1", from: 3, to: 12 });
    replay.request({ journal: "j1", from: 5, to: 6 });
    await replay.idle();
    assert.equal(errors.length, 1);
    assert.deepEqual(published, [5, 6]);
  });
});
