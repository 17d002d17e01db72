import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { runInfluxQuery } from "../queries/influxql.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { forwardAll } from "../testing/forwarded.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { answered } from "../testing/verdicts.ts";
import { Forwarder } from "./forwarder.ts";
import { connectInflux, type InfluxServer } from "./influx-server.ts";
import { LateRollups } from "./late-rollups.ts";
import { ask, policiesIn, retentionPolicies, shownContinuousQueries } from "./meta.ts";
import { type ProvisionOptions, provision } from "./provision.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const policies = {
  raw: { name: "raw", keepMs: 7 * DAY },
  "1m": { name: "1m", keepMs: 90 * DAY },
  "1h": { name: "1h", keepMs: 730 * DAY },
};
const log = createLog("test", "silent");
const config = { batch: 500, retryWait: 20, maxRetryWait: 200, maxTagValues: 100 };

let influxd: Influxd;
let databases = 0;
before(async () => {
  influxd = await startInfluxd();
});
after(() => influxd?.stop());

function connect(): InfluxServer {
  return connectInflux({ url: `${influxd.url}/db${++databases}`, requestTimeout: 20_000 });
}

function run(server: InfluxServer, changes: Partial<ProvisionOptions> = {}): Promise<string[]> {
  return provision({ server, policies, lateMs: HOUR / 6, now: Date.now(), ...changes });
}

/** What the forwarder makes of verdicts at these moments. */
async function forward(server: InfluxServer, moments: readonly number[]) {
  const store = openSqliteStore(":memory:");
  store.write(moments.map((at, index) => ({ kind: "verdict", verdict: answered(index + 1, { at }) })));
  const forwarder = new Forwarder({ store, server, config, log });
  await forwardAll(forwarder);
  return forwarder.state;
}

describe("provisioning of InfluxDB 1.x", () => {
  test("makes database, policies and continuous queries; a second run finds all as it was", async () => {
    const server = connect();
    const first = await run(server);
    assert.deepEqual(first.slice(0, 4), [
      `created database ${server.database}`,
      'retention policy "raw": created, 1w, the default',
      'retention policy "1m": created, 90d',
      'retention policy "1h": created, 730d',
    ]);
    const made = first.filter((line) =>
      /^continuous query meanet_(verdict|energy|node)_1[mh]: created$/.test(line),
    );
    assert.equal(made.length, 6);
    const kept = await retentionPolicies(server);
    assert.deepEqual(
      kept
        .filter(({ name }) => name !== "autogen")
        .map(({ name, durationMs, isDefault }) => [name, durationMs, isDefault]),
      [
        ["raw", 7 * DAY, true],
        ["1m", 90 * DAY, false],
        ["1h", 730 * DAY, false],
      ],
    );
    assert.deepEqual(policiesIn(await shownContinuousQueries(server)), {
      raw: "raw",
      "1m": "1m",
      "1h": "1h",
    });

    const again = await run(server);
    const changed = again.filter(
      (line) => !/: .*as it was$|^rolled up what "raw" holds: 0 points$/.test(line),
    );
    assert.deepEqual(changed, []);
  });

  test("alters durations that differ, replaces a query whose window differs, and leaves foreign ones alone", async () => {
    const server = connect();
    await run(server);
    const foreign = `CREATE CONTINUOUS QUERY "mine" ON "${server.database}" BEGIN SELECT max("x") INTO "y" FROM "z" GROUP BY time(1h) END`;
    await ask(server, foreign);
    const shorter = { ...policies, raw: { name: "raw", keepMs: 12 * HOUR } };
    const done = await run(server, { policies: shorter, lateMs: 2 * HOUR });
    assert.ok(done.includes('retention policy "raw": altered to 12h, the default'), done.join("\n"));
    assert.ok(done.includes('retention policy "1m": 90d, as it was'));
    assert.ok(done.includes("continuous query meanet_verdict_1m: replaced"));
    assert.ok(done.includes("continuous queries left alone: mine"));
    const shown = await shownContinuousQueries(server);
    assert.match(shown.get("meanet_verdict_1m")!, /RESAMPLE EVERY 1m FOR 2h /);
    assert.match(shown.get("mine")!, /SELECT max\(x\)/);
  });

  test("takes along what a database held before, and rolls it up", async () => {
    const server = connect();
    const now = Date.now();
    const minute = now - (now % 60_000) - 3 * 60_000;
    await forward(server, [now - 20 * DAY, minute, minute + 1, minute + 60_000]);
    const done = await run(server);
    assert.ok(
      done.some((line) => /"autogen": left as it is; 3 points .* copied to "raw"/.test(line)),
      done.join("\n"),
    );
    const answer = await runInfluxQuery(server, "throughput", { since: "1h", interval: "1m", from: "1m" });
    assert.deepEqual(
      answer.rows.map(([time, frames]) => [time, frames]),
      [
        [minute, 2],
        [minute + 60_000, 1],
      ],
    );
    const hours = await runInfluxQuery(server, "throughput", { since: "2h", from: "1h" });
    assert.equal(hours.rows[0]?.[0], 3);
    assert.deepEqual([answer.from, hours.from], ["1m", "1h"]);
    const raw = await runInfluxQuery(server, "throughput", { since: "1h" });
    assert.deepEqual([raw.from, raw.rows[0]?.[0]], ["raw", 3]);
  });

  test("rows older than the policy keeps are counted, and hold up no other", async () => {
    const server = connect();
    await run(server);
    const now = Date.now();
    const state = await forward(server, [now - 9 * DAY, now - 1000, now - 8 * DAY, now - 500]);
    assert.deepEqual([state.sent, state.expired, state.dropped], [2, 2, 0]);
  });

  test("is not needed: an unprovisioned database answers from its points, and refuses roll-ups by name", async () => {
    const server = connect();
    await forward(server, [Date.now() - 30 * DAY]);
    const answer = await runInfluxQuery(server, "throughput", { since: "60d" });
    assert.deepEqual([answer.from, answer.rows[0]?.[0]], ["raw", 1]);
    await assert.rejects(runInfluxQuery(server, "throughput", { since: "60d", from: "1h" }), /--provision/);
  });

  test("hours that continuous queries do not look at any more are rolled up when late rows and labels were sent", async () => {
    const server = connect();
    await run(server);
    const store = openSqliteStore(":memory:");
    const forwarder = new Forwarder({ store, server, config, late: new LateRollups(server, HOUR / 6), log });
    const at = Date.now() - 5 * HOUR;
    const untilAccuracy = (wish: string, from: "1m" | "1h", rows: readonly unknown[]) =>
      waitUntil(
        wish,
        () => runInfluxQuery(server, "accuracy", { since: "6h", from }),
        (answer) => JSON.stringify(answer.rows) === JSON.stringify(rows),
      );
    store.write([1, 2].map((seq) => ({ kind: "verdict", verdict: answered(seq, { at: at + seq }) })));
    store.write([{ kind: "label", site: "lab", device: "cam-1", id: "frame-1", label: "cat" }]);
    forwarder.wake();
    for (const from of ["1m", "1h"] as const) await untilAccuracy("the late rows count", from, [[1, 1, 1]]);
    store.write([{ kind: "label", site: "lab", device: "cam-1", id: "frame-2", label: "dog" }]);
    forwarder.wake();
    for (const from of ["1m", "1h"] as const)
      await untilAccuracy("the late label counts", from, [[2, 1, 0.5]]);
    await forwarder.stop(1000);
    store.close();
  });

  test("joules and levels of nodes that were sent late are rolled up as well", async () => {
    const server = connect();
    await run(server);
    const store = openSqliteStore(":memory:");
    const forwarder = new Forwarder({ store, server, config, late: new LateRollups(server, HOUR / 6), log });
    const at = Date.now() - 5 * HOUR;
    const node = { site: "lab", node: "edge-1" };
    const of = { kind: "edge", at, uptimeS: 60 } as const;
    const energy = { ...of, computeJ: 2, uplinkJ: 1, thumbnailJ: 0.5, source: "modelled:toy" };
    const stats = { ...of, memoryBytes: 5e6, counters: { frames: 7 }, drops: {}, queues: { waiting: 3 } };
    store.write([
      { kind: "energy", ...node, energy },
      { kind: "energy", ...node, energy: { ...energy, at: at + 1000, uptimeS: 61, computeJ: 4 } },
      { kind: "stats", ...node, stats },
    ]);
    forwarder.wake();
    const untilRows = (name: "consumption" | "load", from: "1m" | "1h", rows: readonly unknown[]) =>
      waitUntil(
        `${name} counts from ${from}`,
        () => runInfluxQuery(server, name, { since: "6h", from }),
        (answer) => JSON.stringify(answer.rows) === JSON.stringify(rows),
      );
    for (const from of ["1m", "1h"] as const) {
      await untilRows("consumption", from, [["lab", "edge-1", "edge", "modelled:toy", 4, 1, 0.5]]);
      const gauges = [
        ["memory_bytes", 5e6],
        ["queue_waiting", 3],
      ];
      await untilRows(
        "load",
        from,
        gauges.map((gauge) => ["lab", "edge-1", "edge", ...gauge]),
      );
    }
    const counted = `SELECT "last_counter_frames", "uptime_s" FROM "${server.database}"."1h"."node"`;
    assert.deepEqual((await ask(server, counted)).series?.[0]?.values?.[0]?.slice(1), [7, 60]);
    await forwarder.stop(1000);
    store.close();
  });

  test("by an earlier release, without roll-ups of energy, is known, and completed by another run", async () => {
    const server = connect();
    await run(server);
    for (const tier of ["1m", "1h"])
      await ask(server, `DROP CONTINUOUS QUERY "meanet_energy_${tier}" ON "${server.database}"`);
    assert.notEqual(policiesIn(await shownContinuousQueries(server)), undefined);
    const answer = await runInfluxQuery(server, "throughput", { since: "20d" });
    assert.equal(answer.from, "1h");
    assert.ok((await run(server)).includes("continuous query meanet_energy_1m: created"));
  });

  test("a continuous query made again takes up a label that came late", async () => {
    const server = connect();
    await run(server);
    // The server runs this statement each minute, with a range of its own; here with ours, so that no test waits for a minute to pass.
    const shown = (await shownContinuousQueries(server)).get("meanet_verdict_1m")!;
    const now = Date.now();
    const at = now - (now % 60_000) - 120_000;
    const store = openSqliteStore(":memory:");
    const forwarder = new Forwarder({ store, server, config, log });
    const roll = async () => {
      await forwardAll(forwarder);
      const statement = shown.replace(/^.* BEGIN | END$/g, "");
      await ask(
        server,
        statement.replace(" GROUP BY", ` WHERE time >= ${at}ms AND time < ${at + 60_000}ms GROUP BY`),
      );
    };
    store.write([{ kind: "verdict", verdict: answered(1, { at }) }]);
    await roll();
    const accuracy = () => runInfluxQuery(server, "accuracy", { since: "1h", from: "1m" });
    assert.deepEqual((await accuracy()).rows, []);
    store.write([{ kind: "label", site: "lab", device: "cam-1", id: "frame-1", label: "cat" }]);
    await roll();
    assert.deepEqual((await accuracy()).rows, [[1, 1, 1]]);
    store.close();
  });
});
