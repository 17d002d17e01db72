import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { verdictSchema } from "@meanet/protocol";
import type { Draft } from "../stages.ts";
import { Journal, type JournalOptions } from "./journal.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-journal-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const freshFile = () => join(folder, `${++files}`, "journal.sqlite");

function open(changes: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    file: ":memory:",
    now: () => 5000,
    maxRows: 1000,
    maxAgeMs: 10_000,
    durable: false,
    ...changes,
  });
}

function draftOf(id: string, final = true, device = "cam"): Draft {
  return {
    id,
    site: "lab",
    device,
    edge: "edge-1",
    receivedAt: 1000,
    qos: 1,
    latencyMs: 1,
    outcome: "answered",
    final,
    label: "zero",
    classIndex: 0,
    confidence: 1,
    exit: "main",
    route: "easy",
    cloud: "none",
    entropy: 0,
    queueMs: 0,
    computeMs: 0,
    energy: { mainJ: 0, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
    uplinkBytes: 0,
    model: "three@1.0.0",
    worker: null,
  };
}

const refusal = (id: string): Draft => ({
  id,
  site: "lab",
  device: "cam",
  edge: "edge-1",
  receivedAt: 1000,
  qos: 1,
  latencyMs: 1,
  outcome: "refused",
  final: true,
  reason: "overload",
  detail: "full",
});

describe("Journal", () => {
  test("numbers verdicts from 1 without gaps and makes them fit the protocol", () => {
    const journal = open();
    const verdicts = [...journal.append([draftOf("a"), refusal("b")]), ...journal.append([draftOf("c")])];
    assert.deepEqual(
      verdicts.map(({ seq }) => seq),
      [1, 2, 3],
    );
    for (const verdict of verdicts) {
      assert.deepEqual(verdictSchema.parse(verdict), verdict);
      assert.equal(verdict.journal, journal.name);
      assert.equal(verdict.at, 5000);
    }
    assert.equal(journal.lastSeq, 3);
    assert.deepEqual(journal.rows(1, 3, 10), verdicts);
    assert.deepEqual(journal.rows(2, 3, 1), [verdicts[1]]);
  });

  test("gives rows of before, without detail, and rows with it, each as it was written", () => {
    const file = freshFile();
    const before = open({ file });
    const [bare] = before.append([draftOf("a")]);
    before.close();
    const after = open({ file });
    const detail = { frameBytes: 3, threshold: 0.5, stages: { mainMs: 1 }, top: { main: [] } };
    const [rich] = after.append([{ ...draftOf("b"), ...detail }]);
    const rows = after.rows(1, 2, 10);
    assert.deepEqual(rows, [bare, rich]);
    for (const row of rows) assert.deepEqual(verdictSchema.parse(row), row);
    assert.deepEqual(after.find("cam", "a"), bare);
  });

  test("goes on counting under the same name after it is opened again", () => {
    const file = freshFile();
    const first = open({ file });
    first.append([draftOf("a"), draftOf("b")]);
    first.close();
    const second = open({ file });
    assert.equal(second.name, first.name);
    assert.equal(second.append([draftOf("c")])[0]?.seq, 3);
    second.close();
    assert.notEqual(open().name, first.name);
  });

  test("keeps a first final verdict: a second one of the same frame gets the first and takes no number", () => {
    const journal = open();
    const [first] = journal.append([draftOf("a")]);
    assert.deepEqual(
      journal.append([refusal("a"), draftOf("b")]).map(({ seq }) => seq),
      [1, 2],
    );
    assert.deepEqual(journal.find("cam", "a"), first);
    assert.equal(journal.lastSeq, 2);
  });

  test("finds final verdicts only, by device", () => {
    const journal = open();
    journal.append([draftOf("a", false), draftOf("b", true, "other")]);
    assert.equal(journal.find("cam", "a"), undefined);
    assert.equal(journal.find("cam", "b"), undefined);
    assert.equal(journal.find("other", "b")?.seq, 2);
  });

  test("writes in a final verdict which provisional one it replaces", () => {
    const journal = open();
    const verdicts = journal.append([draftOf("a", false), draftOf("b"), draftOf("a")]);
    assert.deepEqual(
      verdicts.map((verdict) => verdict.outcome === "answered" && verdict.supersedes),
      [null, null, 1],
    );
  });

  test("writes all of a transaction or nothing, and does not skip numbers", () => {
    const journal = open();
    const broken = { ...draftOf("b"), device: undefined } as unknown as Draft;
    assert.throws(() => journal.append([draftOf("a"), broken]), { code: "JOURNAL_UNUSABLE" });
    assert.equal(journal.lastSeq, 0);
    assert.equal(journal.append([draftOf("c")])[0]?.seq, 1);
    assert.equal(journal.find("cam", "a"), undefined);
  });

  test("goes on behind what another process wrote meanwhile", () => {
    const file = freshFile();
    const journal = open({ file });
    journal.append([draftOf("a")]);
    // The node of before was still giving its last verdicts when this one opened the journal.
    const other = open({ file });
    journal.append([draftOf("b")]);
    assert.equal(other.append([draftOf("c")])[0]?.seq, 3);
    assert.deepEqual(
      other.append([draftOf("b"), draftOf("d")]).map(({ seq }) => seq),
      [2, 4],
    );
    journal.close();
    other.close();
  });

  test("forgets what is too old or too much, never the last row, and goes on counting", () => {
    let now = 1000;
    const journal = open({ now: () => now, maxRows: 3 });
    for (const id of ["a", "b", "c", "d", "e"]) journal.append([draftOf(id)]);
    journal.trim();
    assert.deepEqual(
      journal.rows(1, 9, 9).map(({ id }) => id),
      ["c", "d", "e"],
    );
    now = 100_000;
    journal.trim();
    assert.deepEqual(
      journal.rows(1, 9, 9).map(({ id }) => id),
      ["e"],
    );
    assert.equal(journal.append([draftOf("f")])[0]?.seq, 6);
    assert.equal(open({ maxRows: 1 }).lastSeq, 0);
    open().trim();
  });

  test("keeps young rows before one that a clock set back made look old", () => {
    let now = 100_000;
    const journal = open({ now: () => now });
    journal.append([draftOf("a"), draftOf("b")]);
    now = 0;
    journal.append([draftOf("c")]);
    now = 101_000;
    journal.append([draftOf("d")]);
    journal.trim();
    assert.deepEqual(
      journal.rows(1, 9, 9).map(({ id }) => id),
      ["a", "b", "c", "d"],
    );
  });

  test("says what to do about a file that is no journal", () => {
    const file = join(folder, "damaged");
    writeFileSync(file, "this is no database, but long enough to be taken for one".repeat(20));
    assert.throws(() => open({ file }), { code: "JOURNAL_UNUSABLE", message: /damaged/ });
  });
});
