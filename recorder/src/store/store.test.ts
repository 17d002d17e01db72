import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { AnswerVerdict, Stats } from "@meanet/protocol";
import { answered, refused, rows } from "../testing/verdicts.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Observation, Store } from "./store.ts";

const journal = { site: "lab", edge: "edge-1", journal: "journal-1" };

function verdicts(
  ...list: readonly (ReturnType<typeof answered> | ReturnType<typeof refused>)[]
): Observation[] {
  return list.map((verdict) => ({ kind: "verdict", verdict }));
}

function label(id: string, truth: string | number, device = "cam-1"): Observation {
  return { kind: "label", site: "lab", device, id, label: truth };
}

function stats(at: number, uptimeS: number, drops: Stats["drops"], lastSeq?: number): Observation {
  const announced = lastSeq === undefined ? {} : { journal: { journal: "journal-1", lastSeq } };
  const counters = { frames: 1 };
  const value: Stats = { kind: "edge", at, uptimeS, counters, drops, queues: {}, ...announced };
  return { kind: "stats", site: "lab", node: "edge-1", stats: value };
}

/** Rows of a table as they stand now, by way of the changes. */
function table(store: Store, name: string) {
  return store.changesAfter(0, 100_000).flatMap(({ table: of, row }) => (of === name ? [row] : []));
}

const folder = mkdtempSync(join(tmpdir(), "meanet-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const open = (place: string): Store => openSqliteStore(join(folder, `${place}.sqlite`));
let places = 0;
const fresh = () => {
  const place = `place-${++places}`;
  return { place, store: open(place) };
};

describe("store", () => {
  test("keeps each row of a journal once, however often it comes", () => {
    const { store } = fresh();
    const first = store.write(verdicts(...rows(1, 3), answered(2)));
    const second = store.write(verdicts(answered(3), answered(4)));
    assert.deepEqual([first.verdicts, first.duplicates, second.verdicts, second.duplicates], [3, 1, 1, 1]);
    assert.deepEqual(
      table(store, "verdict").map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
    store.close();
  });

  test("tells journals of one edge apart, and edges of different sites", () => {
    const { store } = fresh();
    store.write(verdicts(answered(1), answered(1, { journal: "journal-2" }), answered(1, { site: "hall" })));
    assert.equal(store.counts().verdicts, 3);
    assert.equal(store.journals().length, 3);
    store.close();
  });

  test("keeps refusals with their reason, and provisional answers apart from final ones", () => {
    const { store } = fresh();
    store.write(
      verdicts(refused(1), answered(2, { final: false, cloud: "pending" }), answered(3, { supersedes: 2 })),
    );
    assert.deepEqual(
      table(store, "verdict").map(({ outcome, reason, exit }) => [outcome, reason, exit]),
      [
        ["refused", "overload", "none"],
        ["provisional", "none", "main"],
        ["answered", "none", "main"],
      ],
    );
    store.close();
  });

  test("keeps what a verdict tells besides, and null where it does not", () => {
    const detail: Partial<AnswerVerdict> = {
      frameBytes: 3072,
      threshold: 0.8,
      stages: { admitMs: 0.1, mainMs: 2.5 },
      top: { main: [{ classIndex: 3, label: "cat", probability: 0.9 }] },
      edgeAnswer: { label: "dog", classIndex: 5, confidence: 0.4, exit: "main", complete: true },
    };
    const { store } = fresh();
    store.write(verdicts(answered(1, detail), answered(2), refused(3, { frameBytes: 7 })));
    const [rich, bare, refusal] = table(store, "verdict");
    assert.deepEqual(
      [
        rich?.frame_bytes,
        rich?.threshold,
        ...["stages", "top", "edge_answer"].map((name) => JSON.parse(String(rich?.[name]))),
      ],
      [3072, 0.8, detail.stages, detail.top, detail.edgeAnswer],
    );
    assert.deepEqual(
      [bare?.frame_bytes, bare?.threshold, bare?.stages, bare?.top, bare?.edge_answer],
      [null, null, null, null, null],
    );
    assert.equal(refusal?.frame_bytes, 7);
    store.close();
  });

  test("knows holes below the highest row, and above it from the edge's stats", () => {
    const { store } = fresh();
    store.write(verdicts(answered(3), answered(6)));
    const { journals } = store.write([stats(1, 1, {}, 8)]);
    assert.deepEqual(journals, [journal]);
    assert.deepEqual(store.journal(journal)?.holes, [
      { from: 1, to: 2 },
      { from: 4, to: 5 },
      { from: 7, to: 8 },
    ]);
    store.close();
  });

  test("knows rows and holes after it was opened again", () => {
    const { place, store } = fresh();
    store.write(verdicts(answered(1), answered(4)));
    store.close();
    const again = open(place);
    assert.equal(again.write(verdicts(answered(4), answered(2))).duplicates, 1);
    assert.deepEqual(again.journal(journal)?.holes, [{ from: 3, to: 3 }]);
    again.close();
  });

  test("counts rows given up as lost, and takes them for known", () => {
    const { store } = fresh();
    store.write(verdicts(answered(2), answered(9)));
    assert.equal(store.giveUp(journal, { from: 3, to: 8 }), 6);
    assert.equal(store.giveUp(journal, { from: 3, to: 8 }), 0);
    assert.deepEqual(store.journal(journal)?.holes, [{ from: 1, to: 1 }]);
    assert.equal(store.counts().lost, 6);
    assert.equal(store.write(verdicts(answered(5))).duplicates, 1);
    store.close();
  });

  test("bounds the holes of a journal: the oldest are lost", () => {
    const { store } = fresh();
    const odd = Array.from({ length: 1500 }, (_, index) => answered(2 * index + 1));
    store.write(verdicts(...odd));
    const state = store.journal(journal)!;
    assert.ok(state.holes.length <= 1000);
    assert.equal(state.holes.length + state.lost, 1499);
    store.close();
  });

  test("takes a label before or after its verdict, as a name or an index", () => {
    const { store } = fresh();
    store.write([label("frame-1", "cat"), ...verdicts(answered(1), answered(2), answered(3), answered(4))]);
    store.write([label("frame-2", 3), label("frame-3", "dog"), label("frame-4", 0)]);
    const known = new Map(table(store, "verdict").map(({ id, correct }) => [id, correct]));
    assert.deepEqual(Object.fromEntries(known), { "frame-1": 1, "frame-2": 1, "frame-3": 0, "frame-4": 0 });
    store.close();
  });

  test("a label belongs to the frame of one device; a name in digits is no index", () => {
    const { store } = fresh();
    store.write(
      verdicts(answered(1), answered(2, { device: "cam-2", id: "frame-1" }), answered(3, { label: "3" })),
    );
    store.write([label("frame-1", "cat", "cam-2"), label("frame-3", "3")]);
    assert.deepEqual(
      table(store, "verdict")
        .toSorted((a, b) => Number(a.seq) - Number(b.seq))
        .map(({ correct }) => correct),
      [null, 1, 1],
    );
    store.close();
  });

  test("a label leaves a refusal without a judgement", () => {
    const { store } = fresh();
    store.write([...verdicts(refused(1)), label("frame-1", "cat")]);
    assert.deepEqual([table(store, "verdict")[0]!.truth, table(store, "verdict")[0]!.correct], ["cat", null]);
    store.close();
  });

  test("a row that changes comes again behind the cursor", () => {
    const { store } = fresh();
    store.write(verdicts(...rows(1, 3)));
    const sent = store.lastChange;
    store.write([label("frame-2", "dog")]);
    const changes = store.changesAfter(sent, 10);
    assert.deepEqual(
      changes.map(({ row }) => [row.seq, row.correct]),
      [[2, 0]],
    );
    store.write([label("frame-2", "dog")]);
    assert.deepEqual(store.changesAfter(changes[0]!.change, 10), []);
    store.close();
  });

  test("gives changes of all tables in one order, at most as many as asked", () => {
    const { store } = fresh();
    store.write([...verdicts(answered(1)), stats(1, 1, {}), ...verdicts(answered(2))]);
    const all = store.changesAfter(0, 10);
    assert.deepEqual(
      all.map(({ table: of }) => of),
      ["verdict", "node", "verdict"],
    );
    assert.deepEqual(store.changesAfter(0, 2), all.slice(0, 2));
    store.close();
  });

  test("never gives a change twice, though the rows that had it are gone", () => {
    const { place, store } = fresh();
    store.write(verdicts(...rows(1, 5)));
    const { lastChange } = store;
    store.setCursor("somewhere", lastChange);
    store.prune({ before: Date.now() + 1, maxBytes: Number.MAX_SAFE_INTEGER });
    store.close();
    const again = open(place);
    again.write(verdicts(answered(6)));
    assert.equal(again.changesAfter(again.cursor("somewhere"), 10).length, 1);
    again.close();
  });

  test("counts what the drops of a node grew by, also over its restart", () => {
    const { store } = fresh();
    store.write([stats(1000, 1, { overload: 3 }), stats(2000, 2, { overload: 5, oldest: 1 })]);
    store.write([stats(2000, 2, { overload: 5, oldest: 1 }), stats(9000, 0.5, { overload: 2 })]);
    assert.deepEqual(
      table(store, "drop_count").map(({ at, reason, dropped }) => [at, reason, dropped]),
      [
        [1000, "overload", 3],
        [2000, "overload", 2],
        [2000, "oldest", 1],
        [9000, "overload", 2],
      ],
    );
    store.close();
  });

  test("counts all drops of a process that was started while the recorder was away, and is older by now", () => {
    const { store } = fresh();
    const told = (at: number, since: number, overload: number, uplinkJ: number): Observation[] => {
      const head = { kind: "edge", at, since, uptimeS: (at - since) / 1000 } as const;
      const of = { site: "lab", node: "edge-1" };
      const joules = { computeJ: 0, uplinkJ, source: "modelled:raspberry-pi-4" };
      return [
        { kind: "stats", ...of, stats: { ...head, counters: {}, drops: { overload }, queues: {} } },
        { kind: "energy", ...of, energy: { ...head, ...joules } },
      ];
    };
    store.write([...told(1000, 0, 3, 0.3), ...told(2000, 0, 5, 0.5)]);
    store.write([...told(60_000, 3000, 9, 0.75), ...told(61_000, 3000, 10, 1)]);
    assert.deepEqual(
      table(store, "drop_count").map(({ dropped }) => dropped),
      [3, 2, 9, 1],
    );
    const used = table(store, "energy").map((row) => Number(row.uplink_used_j).toFixed(2));
    assert.deepEqual(used, ["0.30", "0.20", "0.75", "0.25"]);
    store.close();
  });

  test("counts drops once though the clock of their node steps back", () => {
    const { store } = fresh();
    store.write([stats(9000, 10, { overload: 3 }), stats(1000, 20, { overload: 5 })]);
    store.write([stats(2000, 30, { overload: 5 })]);
    store.write([stats(3000, 40, { overload: 6 })]);
    assert.deepEqual(
      table(store, "drop_count").map(({ at, dropped }) => [at, dropped]),
      [
        [9000, 3],
        [1000, 2],
        [3000, 1],
      ],
    );
    store.close();
  });

  test("keeps a status when it changes, not each time that it is retained", () => {
    const { store } = fresh();
    const status = (state: "online" | "stopped", models: readonly string[] = []): Observation => {
      const value = { state, kind: "edge", version: "1", models, since: 5 } as const;
      return { kind: "status", site: "lab", node: "edge-1", status: value };
    };
    const both = ["m@1.0.0", "w@1.0.0"];
    store.write([
      status("online"),
      status("online"),
      status("online", both),
      status("online", both),
      status("stopped"),
    ]);
    assert.deepEqual(
      table(store, "status").map(({ state, model }) => [state, model]),
      [
        ["online", null],
        ["online", "m@1.0.0, w@1.0.0"],
        ["stopped", null],
      ],
    );
    store.close();
  });

  test("retention by age deletes rows, not the memory of them, and counts what no forwarder had", () => {
    const { store } = fresh();
    store.write([...verdicts(...rows(1, 10)), label("frame-1", "cat")]);
    store.setCursor("influx", store.changesAfter(0, 4).at(-1)!.change);
    const limits = { before: Date.now() + 1, maxBytes: Number.MAX_SAFE_INTEGER };
    let unforwarded = 0;
    for (
      let pruned = store.prune(limits, "influx");
      pruned.rows > 0;
      pruned = store.prune(limits, "influx")
    ) {
      unforwarded += pruned.unforwarded;
    }
    // Rows 2 to 5 were sent; the label made row 1 the newest change.
    assert.equal(unforwarded, 6);
    assert.deepEqual([store.counts().verdicts, store.counts().labels], [0, 0]);
    store.close();
  });

  test("a row that retention deleted is no news when it is replayed", () => {
    const { store } = fresh();
    store.write(verdicts(...rows(1, 10)));
    const begin = Date.now();
    // All rows are old, the journal is not: it was touched just now.
    const all = { before: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
    store.prune(all);
    store.prune({ ...all, before: begin - 1000 });
    assert.equal(store.write(verdicts(answered(4))).duplicates, 1);
    store.close();
  });

  test("retention by size deletes the oldest rows until the rest fits", () => {
    const { store } = fresh();
    for (let from = 1; from <= 20_000; from += 5000) store.write(verdicts(...rows(from, from + 4999)));
    const maxBytes = store.counts().bytes / 2;
    const limits = { before: 0, maxBytes };
    while (store.prune(limits).rows > 0);
    const { bytes, verdicts: left } = store.counts();
    assert.ok(bytes <= maxBytes && left > 5000, `${left} rows in ${bytes} bytes`);
    assert.equal(table(store, "verdict").at(-1)?.seq, 20_000);
    store.close();
  });

  test("keeps hostile text as it came", () => {
    const { store } = fresh();
    const text = "'; DROP TABLE verdict; -- \" \\ \n \u0000 🐈";
    store.write([...verdicts(answered(1, { label: text, model: text })), label("frame-1", text)]);
    const [row] = table(store, "verdict");
    assert.deepEqual([row?.label, row?.model, row?.correct], [text, text, 1]);
    store.close();
  });

  test("takes the largest row number and time that JSON can carry", () => {
    const { store } = fresh();
    store.write(verdicts(answered(Number.MAX_SAFE_INTEGER, { at: Number.MAX_SAFE_INTEGER })));
    assert.deepEqual(store.journal(journal)?.holes, [{ from: 1, to: Number.MAX_SAFE_INTEGER - 1 }]);
    assert.equal(
      store.giveUp(journal, { from: 1, to: Number.MAX_SAFE_INTEGER - 1 }),
      Number.MAX_SAFE_INTEGER - 1,
    );
    store.close();
  });

  test("a batch that fails leaves nothing behind", () => {
    const { store } = fresh();
    store.write(verdicts(answered(1)));
    const broken = { ...answered(3), label: Symbol("no text") as unknown as string };
    assert.throws(() => store.write(verdicts(answered(2), broken)));
    assert.equal(store.counts().verdicts, 1);
    assert.equal(store.write(verdicts(answered(2), answered(3))).verdicts, 2);
    store.close();
  });

  test("remembers values of tags in their order", () => {
    const { place, store } = fresh();
    store.addTagValues("device", ["cam-2", "cam-1"]);
    store.addTagValues("device", ["cam-1", "cam-3"]);
    store.close();
    const again = open(place);
    assert.deepEqual(again.tagValues("device"), ["cam-2", "cam-1", "cam-3"]);
    again.close();
  });
});
