import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, type TestContext, test } from "node:test";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Observation } from "../store/store.ts";
import { seededRandom } from "../testing/random.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import { verdictTags } from "./figures.ts";
import { latencyBoundsMs, latencyBuckets } from "./latency-buckets.ts";
import { tierNames, tiers } from "./tiers.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-rollups-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

type Table = Record<string, unknown>[];

/** Sums of floats depend on the order of their terms. */
function rounded(rows: Table): Table {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, cell]) => [
        name,
        typeof cell === "number" ? Number(cell.toPrecision(10)) : cell,
      ]),
    ),
  );
}

function select(file: string, sql: string): Table {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare(sql).all();
  database.close();
  return rounded(rows);
}

function rolledUp(file: string): Table {
  return tierNames.flatMap((tier) => [
    ...select(file, `SELECT * FROM verdict_${tier} ORDER BY at, ${verdictTags.join(", ")}`),
    ...select(file, `SELECT * FROM drop_count_${tier} ORDER BY at, site, node, kind, reason`),
    ...select(file, `SELECT * FROM energy_${tier} ORDER BY at, site, node, kind, source`),
    ...select(file, `SELECT * FROM node_${tier} ORDER BY at, site, node, kind, gauge`),
  ]);
}

/** The reference: one SELECT over the rows as they stand now. */
function fromRows(file: string): Table {
  const buckets = latencyBuckets.map((name, index) => {
    const [low, high] = [latencyBoundsMs[index - 1] ?? -1, latencyBoundsMs[index] ?? Number.MAX_VALUE];
    return `sum(latency_ms >= ${low} AND latency_ms < ${high}) AS ${name}`;
  });
  return tierNames.flatMap((tier) => [
    ...select(
      file,
      `SELECT at / ${tiers[tier]} * ${tiers[tier]} AS at, ${verdictTags.join(", ")}, count(*) AS frames,
       sum(latency_ms) AS latency_sum_ms, max(latency_ms) AS latency_max_ms, total(energy_j) AS energy_j,
       total(uplink_j) AS uplink_j, total(cloud_j) AS cloud_j, coalesce(sum(uplink_bytes), 0) AS uplink_bytes,
       coalesce(sum(uplink_bytes > 0), 0) AS sent, total(extension_j) AS extension_j,
       coalesce(sum(extension_j > 0), 0) AS extended, count(edge_answer) AS compared,
       coalesce(sum(json_extract(edge_answer, '$.classIndex') <> class_index), 0) AS different,
       coalesce(sum(json_extract(edge_answer, '$.complete') = 0), 0) AS spared, count(correct) AS labelled, coalesce(sum(correct), 0) AS correct,
       ${buckets.join(", ")}
       FROM verdict GROUP BY 1, ${verdictTags.join(", ")} ORDER BY 1, ${verdictTags.join(", ")}`,
    ),
    ...select(
      file,
      `SELECT at / ${tiers[tier]} * ${tiers[tier]} AS at, site, node, kind, reason, sum(dropped) AS dropped
       FROM drop_count GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`,
    ),
    ...select(
      file,
      `SELECT at / ${tiers[tier]} * ${tiers[tier]} AS at, site, node, kind, source,
       sum(compute_used_j) AS compute_used_j, sum(uplink_used_j) AS uplink_used_j, sum(thumbnail_used_j) AS thumbnail_used_j
       FROM energy GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`,
    ),
    ...select(
      file,
      `SELECT at / ${tiers[tier]} * ${tiers[tier]} AS at, site, node, kind, gauge, max(value) AS largest FROM (
         SELECT at, site, node, kind, 'memory_bytes' AS gauge, memory_bytes AS value FROM node
         UNION ALL SELECT at, site, node, kind, 'queue_waiting', queues ->> '$.waiting' FROM node
       ) WHERE value > 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`,
    ),
  ]);
}

/** A day of two edges: answers, provisional ones and what supersedes them, refusals, repetitions, drops, labels before, after and changed. */
function history(seed: number): Observation[] {
  const random = seededRandom(seed);
  const pick = <const T extends readonly unknown[]>(...choices: T): T[number] =>
    choices[Math.floor(random() * choices.length)]!;
  const list: Observation[] = [];
  for (let seq = 1; seq <= 400; seq++) {
    const place = {
      ...{ site: "lab", edge: pick("edge-1", "edge-2"), device: pick("cam-1", "cam-2") },
      at: START + Math.floor(random() * 86_400_000),
    };
    const exit = pick("main", "extension", "cloud");
    const figures = {
      ...{ exit, latencyMs: 0.05 * 10 ** (random() * 6), uplinkBytes: exit === "cloud" ? seq : 0 },
      ...(exit === "cloud" && random() < 0.7
        ? {
            edgeAnswer: {
              ...{ label: "dog", classIndex: pick(3, 5), confidence: 0.5 },
              ...{ exit: "main" as const, complete: random() < 0.5 },
            },
          }
        : {}),
      energy: {
        mainJ: random(),
        extensionJ: pick(0, random()),
        uplinkJ: random(),
        cloudJ: random(),
        source: "modelled:toy",
      },
      label: pick("cat", "dog"),
    };
    const label = (id = seq): Observation => {
      const { site, device } = place;
      return { kind: "label", site, device, id: `frame-${id}`, label: pick("cat", "dog", 3) };
    };
    if (random() < 0.2) list.push(label());
    if (random() < 0.1) list.push({ kind: "verdict", verdict: refused(seq, place) });
    else if (random() < 0.2) {
      list.push({ kind: "verdict", verdict: answered(seq, { ...place, ...figures, final: false }) });
      seq += 1;
      list.push({
        kind: "verdict",
        verdict: answered(seq, { ...place, ...figures, id: `frame-${seq - 1}`, supersedes: seq - 1 }),
      });
    } else list.push({ kind: "verdict", verdict: answered(seq, { ...place, ...figures }) });
    if (random() < 0.1) list.push(list.at(-1)!);
    while (random() < 0.3) list.push(label(1 + Math.floor(random() * seq)));
    if (seq % 40 === 0) {
      const drops = { oldest: seq, overload: Math.floor(random() * 99) };
      const queues = { waiting: Math.floor(random() * 3) };
      const memory = random() < 0.5 ? {} : { memoryBytes: seq };
      const of = { kind: "edge", at: place.at, uptimeS: seq } as const;
      const node = { site: "lab", node: place.edge };
      list.push({ kind: "stats", ...node, stats: { ...of, counters: {}, drops, queues, ...memory } });
      const counters = { computeJ: seq / 7, uplinkJ: random() < 0.2 ? 0 : seq / 9 };
      list.push({ kind: "energy", ...node, energy: { ...of, ...counters, source: "modelled:toy" } });
    }
  }
  return list;
}

function recorded(context: TestContext, observations: readonly Observation[], batch = 37) {
  const file = join(folder, `${++files}.sqlite`);
  const store = openSqliteStore(file);
  context.after(() => store.close());
  for (let from = 0; from < observations.length; from += batch)
    store.write(observations.slice(from, from + batch));
  return { file, store };
}

const rollups = { "1m": 0, "1h": 0 };
const all = { before: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER, rollups };

describe("roll-ups in SQLite", () => {
  for (const seed of [1, 2, 3]) {
    test(`equal what the rows give, whatever order labels and verdicts came in (seed ${seed})`, (context) => {
      const { file } = recorded(context, history(seed));
      const rolled = rolledUp(file);
      assert.ok(
        rolled.some(({ labelled, correct }) => Number(labelled) > Number(correct) && Number(correct) > 0),
      );
      assert.ok(rolled.some(({ dropped }) => Number(dropped) > 0));
      assert.deepEqual(rolled, fromRows(file));
    });
  }

  test("stay when retention deletes the rows, and count a replayed row no second time", (context) => {
    const { file, store } = recorded(context, history(4));
    const before = rolledUp(file);
    const [verdict] = history(4).filter(({ kind }) => kind === "verdict");
    while (store.prune(all).rows > 0);
    assert.equal(store.counts().verdicts, 0);
    assert.equal(store.write([verdict!]).duplicates, 1);
    assert.deepEqual(rolledUp(file), before);
  });

  test("go by their own age, whole intervals at a time", (context) => {
    const { file, store } = recorded(context, history(5));
    const noon = START - (START % 86_400_000) + 12 * 3_600_000;
    const limits = { ...all, before: 0, rollups: { "1m": noon, "1h": noon - 3_600_000 } };
    const kept = rolledUp(file);
    while (store.prune(limits).rows > 0);
    const [minutes, hours] = tierNames.map(
      (tier) => select(file, `SELECT min(at) AS at FROM verdict_${tier}`)[0]!.at,
    );
    assert.ok(Number(minutes) >= noon && Number(hours) >= noon - 3_600_000);
    const left = JSON.stringify(rolledUp(file).at(-1));
    assert.equal(left, JSON.stringify(kept.at(-1)));
  });

  test("are made for a database that was written before there were any", (context) => {
    const { file, store } = recorded(context, history(6));
    store.close = () => undefined;
    const expected = rolledUp(file);
    const database = new DatabaseSync(file);
    const clear = tierNames.map((tier) => `DELETE FROM verdict_${tier}; DELETE FROM drop_count_${tier};`);
    database.exec(`${clear.join(" ")} PRAGMA user_version = 5`);
    database.close();
    openSqliteStore(file).close();
    assert.deepEqual(rolledUp(file), expected);
  });

  test("of what nodes used add up to what their counters tell, also over a restart and for a report that came twice", (context) => {
    const report = (at: number, uptimeS: number, computeJ: number, uplinkJ: number): Observation => {
      // A node of before had no pictures to tell of.
      const thumbnails = uptimeS === 60 ? {} : { thumbnailJ: uplinkJ / 4 };
      const energy = { kind: "edge", at, uptimeS, computeJ, uplinkJ, ...thumbnails } as const;
      return {
        kind: "energy",
        site: "lab",
        node: "edge-1",
        energy: { ...energy, source: "modelled:toy" },
      };
    };
    const hour = tiers["1h"];
    const { file } = recorded(
      context,
      [
        ...[report(START, 60, 5, 1), report(START + hour, 3660, 7, 1), report(START + hour, 3660, 7, 1)],
        ...[report(START + 2 * hour, 10, 2, 0.5), report(START + 3 * hour, 3610, 2.5, 3)],
      ],
      1,
    );
    for (const name of ["energy", "energy_1m", "energy_1h"]) {
      const sums = `SELECT sum(compute_used_j) AS compute, sum(uplink_used_j) AS uplink, sum(thumbnail_used_j) AS thumbnails FROM ${name}`;
      assert.deepEqual(select(file, sums), [{ compute: 7 + 2.5, uplink: 1 + 3, thumbnails: 0.25 + 0.75 }]);
    }
  });

  test("of nodes are made for a database of the version before they were", (context) => {
    const { file, store } = recorded(context, history(8));
    store.close = () => undefined;
    const [expected, used] = [
      rolledUp(file),
      select(file, "SELECT row, compute_used_j, uplink_used_j FROM energy"),
    ];
    assert.ok(used.length > 5);
    const database = new DatabaseSync(file);
    const tables = tierNames.map((tier) => `DROP TABLE energy_${tier}; DROP TABLE node_${tier};`);
    const columns = ["compute_used_j", "uplink_used_j", "thumbnail_used_j", "thumbnail_j"].map(
      (name) => `ALTER TABLE energy DROP COLUMN ${name};`,
    );
    database.exec(
      `${tables.join(" ")} ${columns.join(" ")} DROP INDEX energy_newest; PRAGMA user_version = 7`,
    );
    database.close();
    openSqliteStore(file).close();
    assert.deepEqual(rolledUp(file), expected);
    assert.deepEqual(select(file, "SELECT row, compute_used_j, uplink_used_j FROM energy"), used);
  });

  test("of nodes gain the joules of small pictures in a database of the version before these were told", (context) => {
    const { file, store } = recorded(context, history(9));
    store.close = () => undefined;
    const [expected, energy] = [rolledUp(file), select(file, "SELECT * FROM energy ORDER BY row")];
    const database = new DatabaseSync(file);
    const dropped = ["energy", "energy_1m", "energy_1h"].map(
      (table) => `ALTER TABLE ${table} DROP COLUMN thumbnail_used_j;`,
    );
    database.exec(`${dropped.join(" ")} ALTER TABLE energy DROP COLUMN thumbnail_j; PRAGMA user_version = 9`);
    database.close();
    openSqliteStore(file).close();
    assert.deepEqual(rolledUp(file), expected);
    assert.deepEqual(select(file, "SELECT * FROM energy ORDER BY row"), energy);
  });

  test("hold nothing of a batch that failed, and all of it when it is written again", (context) => {
    const { file, store } = recorded(context, history(7));
    const batch = [answered(9001), answered(9002)].map((verdict) => ({ kind: "verdict", verdict }) as const);
    const broken = answered(9003, { label: Symbol("no text") as unknown as string });
    assert.throws(() => store.write([...batch, { kind: "verdict", verdict: broken }]));
    assert.deepEqual(rolledUp(file), fromRows(file));
    store.write(batch);
    assert.deepEqual(rolledUp(file), fromRows(file));
  });
});
