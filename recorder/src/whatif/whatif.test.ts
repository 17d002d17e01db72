import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { AnswerVerdict } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { answered, START } from "../testing/verdicts.ts";
import { runWhatIf, type WhatIf } from "./whatif.ts";
import { defaultGrid, resolveWhatIf } from "./whatif-options.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-whatif-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function asked(verdicts: readonly AnswerVerdict[], options = {}, labels = new Map<string, string>()): WhatIf {
  const file = join(folder, `${++files}.sqlite`);
  const store = openSqliteStore(file);
  store.write(verdicts.map((verdict) => ({ kind: "verdict", verdict })));
  store.write(
    Array.from(labels, ([id, label]) => ({ kind: "label", site: "lab", device: "cam-1", id, label })),
  );
  store.close();
  return runWhatIf(file, { since: String(START), until: String(START + 60_000), ...options });
}

/** Row `seq` of entropy `seq / 10`, routed by 0.45. */
function routed(seq: number, changes: Partial<AnswerVerdict> = {}): AnswerVerdict {
  const entropy = seq / 10;
  const cloud = { route: "complex", exit: "cloud", cloud: "answered", uplinkBytes: 900 } as const;
  return answered(seq, { entropy, threshold: 0.45, ...(entropy > 0.45 ? cloud : {}), ...changes });
}

const ten = Array.from({ length: 10 }, (_, index) => routed(index + 1));
const forced = ({ rows }: WhatIf) => rows.filter(({ inForce }) => inForce).map(({ threshold }) => threshold);

describe("runWhatIf", () => {
  test("marks the threshold in force, that of the newest verdict, and lists those before", () => {
    const answer = asked([...ten, routed(11, { threshold: 0.5 })], { grid: "0:1:0.5" });
    assert.deepEqual(answer.inForce, { threshold: 0.5, from: "verdict" });
    assert.deepEqual(
      answer.rows.map(({ threshold, sent }) => [threshold, sent]),
      [
        ...[
          [0, 11],
          [0.5, 6],
          [1, 1],
        ],
      ],
    );
    assert.deepEqual(forced(answer), [0.5]);
    assert.deepEqual(answer.thresholds, [
      { threshold: 0.45, frames: 10 },
      { threshold: 0.5, frames: 1 },
    ]);
  });

  test("puts the threshold in force into the grid", () => {
    const answer = asked(ten, { grid: "0,1" });
    assert.deepEqual(
      answer.rows.map(({ threshold }) => threshold),
      [0, 0.45, 1],
    );
    assert.deepEqual([answer.rows[1]?.coverage, answer.rows[1]?.sent], [1, 6]);
  });

  test("finds a threshold in the routes of verdicts that tell none, and none where a policy drew lots", () => {
    const untold = ten.map((verdict) => {
      const { threshold, ...rest } = verdict;
      assert.equal(threshold, 0.45);
      return rest;
    });
    assert.deepEqual(asked(untold).inForce, { threshold: 0.4, from: "routes" });
    const lots = untold.map((verdict, index) => ({
      ...verdict,
      ...(index === 1 ? { route: "complex" as const } : {}),
    }));
    assert.deepEqual([asked(lots).inForce, forced(asked(lots))], [null, []]);
  });

  test("has none in force once another policy routes, though older verdicts tell one", () => {
    const { threshold, ...other } = routed(11);
    assert.equal(threshold, 0.45);
    const answer = asked([...ten, other], { grid: "0,0.45" });
    assert.deepEqual([answer.inForce, forced(answer)], [null, []]);
    assert.deepEqual(answer.thresholds, [{ threshold: 0.45, frames: 10 }]);
    assert.deepEqual(asked([other, ...ten.map((verdict) => ({ ...verdict, at: verdict.at + 60 }))]).inForce, {
      threshold: 0.45,
      from: "verdict",
    });
  });

  test("judges by labels where there are any, else by the cloud", () => {
    const labels = new Map([
      ["frame-1", "cat"],
      ["frame-2", "dog"],
    ]);
    const judged = asked(ten, { grid: "0.45" }, labels);
    assert.deepEqual([judged.judge, judged.labelled, judged.rows[0]?.accuracy], ["labels", 2, 0.5]);
    assert.deepEqual([asked(ten).judge, asked(ten).labelled], ["cloud", 0]);
  });

  test("looks at the edge node, device, site, bundle and time asked for, final answers only", () => {
    const verdicts = [
      ...[routed(1, { edge: "edge-2" }), routed(2, { device: "cam-2" }), routed(3, { model: "hat@1.0.0" })],
      ...[routed(4, { site: "hall" }), routed(5, { at: START + 60_000 }), routed(6, { final: false })],
    ];
    const frames = (options: object) => asked(verdicts, options).frames;
    assert.deepEqual(
      [{}, { edge: "edge-2" }, { device: "cam-2" }, { model: "hat@1.0.0" }, { site: "hall" }].map(frames),
      [4, 1, 1, 1, 1],
    );
    assert.equal(frames({ until: String(START + 60_001) }), 5);
  });

  test("answers in full when nothing is recorded", () => {
    const { frames, rows, inForce, judge } = asked([]);
    assert.deepEqual(
      [frames, rows.map(({ threshold }) => threshold), inForce, judge],
      [0, [0], null, "cloud"],
    );
  });
});

describe("the grid of thresholds", () => {
  const grid = (text: string) => resolveWhatIf({ grid: text }, START).grid;

  test("reads from:to:step without drift, and lists", () => {
    assert.deepEqual(grid("0:0.6:0.2"), [0, 0.2, 0.4, 0.6]);
    assert.equal(grid("0:4.6:0.2")?.length, 24);
    assert.deepEqual(grid("1,0.5,.25,1"), [0.25, 0.5, 1]);
  });

  test("says what it expected of anything else: QUERY_INVALID", () => {
    for (const text of ["", "a", "0:1", "0:1:0", "1:0:0.1", "0:1:0.0001", "0:1:0.1:2", "-1", "1,,2", "1e9"]) {
      assert.throws(
        () => grid(text),
        (error) => isMeanetError(error, "QUERY_INVALID") && error.message.includes("from:to:step"),
        text,
      );
    }
  });

  test("covers by default what is recorded in about twenty round steps", () => {
    assert.deepEqual(defaultGrid(0), [0]);
    assert.deepEqual([defaultGrid(2.3).length, defaultGrid(2.3)[1], defaultGrid(2.3).at(-1)], [13, 0.2, 2.4]);
    assert.deepEqual([defaultGrid(2)[1], defaultGrid(2).at(-1)], [0.1, 2]);
  });
});
