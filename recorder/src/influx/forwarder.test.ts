import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { forwardAll } from "../testing/forwarded.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { answered, refused, rows, START } from "../testing/verdicts.ts";
import { Forwarder } from "./forwarder.ts";
import { connectInflux, type InfluxServer } from "./influx-server.ts";

const log = createLog("test", "silent");
const config = { batch: 500, retryWait: 20, maxRetryWait: 200, maxTagValues: 100 };
let influxd: Influxd;
let databases = 0;

before(async () => {
  influxd = await startInfluxd();
});
after(() => influxd?.stop());

interface Scene {
  readonly store: Store;
  readonly server: InfluxServer;
  readonly forwarder: Forwarder;
}

function scene(changes: Partial<typeof config> = {}, store = openSqliteStore(":memory:")): Scene {
  const server = connectInflux({ url: `${influxd.url}/db${++databases}`, requestTimeout: 2000 });
  return {
    store,
    server,
    forwarder: new Forwarder({ store, server, config: { ...config, ...changes }, log }),
  };
}

function write(
  store: Store,
  ...verdicts: readonly (ReturnType<typeof answered> | ReturnType<typeof refused>)[]
): void {
  store.write(verdicts.map((verdict) => ({ kind: "verdict", verdict })));
}

async function forward({ forwarder }: Scene): Promise<void> {
  await forwardAll(forwarder);
}

async function select(server: InfluxServer, influxql: string): Promise<Record<string, unknown>[]> {
  const { results } = await server.query(influxql);
  const series = (results as { series?: { columns: string[]; values: unknown[][] }[] }[])[0]?.series ?? [];
  return series.flatMap(({ columns, values }) =>
    values.map((value) => Object.fromEntries(columns.map((column, index) => [column, value[index]]))),
  );
}

describe("forwarder", () => {
  test("creates the database and sends every verdict, refusals too", async () => {
    const here = scene();
    write(here.store, ...rows(1, 1234), refused(1235));
    await forward(here);
    const [counts] = await select(here.server, 'SELECT count("seq") AS answers FROM "verdict"');
    assert.equal(counts?.answers, 1235);
    const refusals = await select(here.server, `SELECT * FROM "verdict" WHERE "outcome" = 'refused'`);
    assert.equal(refusals.length, 1);
    assert.deepEqual(
      [refusals[0]!.reason, refusals[0]!.exit, refusals[0]!.id],
      ["overload", "none", "frame-1235"],
    );
  });

  test("sends each stage's milliseconds as a field, and no field for what a verdict does not tell", async () => {
    const here = scene();
    const stages = { admitMs: 0.5, mainQueueMs: 2, cloudMs: 40.25 };
    write(here.store, answered(1, { frameBytes: 3072, threshold: 0.8, stages }), answered(2));
    await forward(here);
    const points = await select(here.server, 'SELECT * FROM "verdict"');
    const told = points.map((one) => [
      one.frame_bytes,
      one.threshold,
      one.admit_ms,
      one.main_queue_ms,
      one.cloud_ms,
    ]);
    assert.deepEqual(told, [
      [3072, 0.8, 0.5, 2, 40.25],
      [null, null, null, null, null],
    ]);
    assert.ok(!("stages" in points[0]!) && !("top" in points[0]!));
  });

  test("verdicts of one millisecond stay apart, and one that is sent twice stays one", async () => {
    const here = scene();
    write(here.store, ...rows(1, 3000, { at: START }));
    await forward(here);
    here.store.setCursor(here.server.name, 0);
    const again = new Forwarder({ ...here, config, log });
    await forward({ ...here, forwarder: again });
    const [counts] = await select(
      here.server,
      'SELECT count("seq") AS n, count(distinct("seq")) AS d FROM "verdict"',
    );
    assert.deepEqual([counts?.n, counts?.d], [3000, 3000]);
  });

  test("late rows that cannot be rolled up are told once, and hold up no others", async () => {
    const { store, server } = scene();
    let attempts = 0;
    const late = {
      note: () => undefined,
      settle: () => {
        attempts += 1;
        return Promise.reject(new Error("user is not authorized"));
      },
    };
    let logged = "";
    const told = createLog("test", "warn", {
      write(line) {
        logged += line;
      },
    });
    // A wait for another attempt would never end.
    const waits = { retryWait: 3_600_000, maxRetryWait: 3_600_000 };
    const forwarder = new Forwarder({ store, server, late, config: { ...config, ...waits }, log: told });
    for (const seq of [1, 2, 3]) {
      write(store, answered(seq));
      await forward({ store, server, forwarder });
      await waitUntil(
        "late rows are tried",
        () => attempts,
        (count) => count >= seq,
      );
    }
    assert.deepEqual([attempts, forwarder.state.sent], [3, 3]);
    assert.equal(logged.split("late rows are not rolled up").length - 1, 1, logged);
    await forwarder.stop(1000);
    store.close();
  });

  test("a later label changes the point that is there", async () => {
    const here = scene();
    write(here.store, ...rows(1, 3));
    await forward(here);
    here.store.write([{ kind: "label", site: "lab", device: "cam-1", id: "frame-2", label: "cat" }]);
    await forward(here);
    const points = await select(here.server, 'SELECT "seq", "correct", "truth" FROM "verdict"');
    assert.deepEqual(
      points.map(({ seq, correct, truth }) => [seq, correct, truth]),
      [
        [1, null, null],
        [2, 1, "cat"],
        [3, null, null],
      ],
    );
  });

  test("loses nothing and doubles nothing while InfluxDB is killed under load and comes back", async () => {
    const here = scene({ batch: 200 });
    const feed = (from: number, to: number) => {
      for (let seq = from; seq <= to; seq += 50) {
        write(here.store, ...rows(seq, seq + 49));
        here.forwarder.wake();
      }
    };
    feed(1, 5000);
    await waitUntil(
      "some points are in",
      () => here.forwarder.state.sent,
      (sent) => sent > 0,
    );
    await influxd.kill();
    feed(5001, 10_000);
    const during = await waitUntil(
      "the outage is noticed",
      () => here.forwarder.state,
      ({ lastError }) => lastError !== undefined,
    );
    assert.ok(during.backlog > 0);
    await influxd.restart();
    feed(10_001, 15_000);
    await forward(here);
    const [counts] = await select(
      here.server,
      'SELECT count("seq") AS n, count(distinct("seq")) AS d FROM "verdict"',
    );
    assert.deepEqual([counts?.n, counts?.d], [15_000, 15_000]);
    assert.deepEqual([here.forwarder.state.lastError, here.forwarder.state.dropped], [undefined, 0]);
  });

  test("goes on after a restart where it stopped", async () => {
    const here = scene();
    write(here.store, ...rows(1, 100));
    await forward(here);
    write(here.store, ...rows(101, 130));
    const next = new Forwarder({ ...here, config, log });
    await forward({ ...here, forwarder: next });
    assert.equal(next.state.sent, 30);
  });

  test("a point that InfluxDB cannot take is dropped alone", async () => {
    const here = scene();
    // Nanoseconds of this moment do not fit into 64 bits.
    write(here.store, ...rows(1, 300), answered(301, { at: 9e15 }), ...rows(302, 600));
    await forward(here);
    const [counts] = await select(here.server, 'SELECT count("seq") AS n FROM "verdict"');
    assert.deepEqual([counts?.n, here.forwarder.state.dropped], [600 - 1, 1]);
  });

  test("a field whose type is taken by another writer costs only the points that clash", async () => {
    const here = scene();
    await here.server.createDatabase();
    await here.server.write([
      {
        measurement: "node",
        tags: { site: "x" },
        fields: { counter_frames: "text" },
        timestamp: String(START * 1e6),
      },
    ]);
    const stats = { kind: "edge", uptimeS: 1, drops: {}, queues: {} } as const;
    here.store.write([
      { kind: "stats", site: "lab", node: "edge-1", stats: { ...stats, at: START, counters: { frames: 1 } } },
      {
        kind: "stats",
        site: "lab",
        node: "edge-2",
        stats: { ...stats, at: START, counters: { verdicts: 1 } },
      },
    ]);
    write(here.store, ...rows(1, 10));
    await forward(here);
    assert.deepEqual([here.forwarder.state.dropped, here.forwarder.state.sent], [1, 11]);
  });

  test("keeps hostile text in fields as it is, and tags harmless", async () => {
    const here = scene();
    const text = 'a "quoted" \\ thing\nmeasurement,site=evil label="x" 1';
    write(
      here.store,
      answered(1, { label: text, model: text }),
      answered(2, { model: "ends with \\" }),
      answered(3),
    );
    await forward(here);
    const points = await select(here.server, 'SELECT "label", "model" FROM "verdict"');
    assert.deepEqual(
      points.map(({ label, model }) => [label, model]),
      [
        [text, "a__quoted____thing_measurement_site_evil_label__x__1"],
        ["cat", "ends_with__"],
        ["cat", "toy@1.0.0"],
      ],
    );
    assert.equal(here.forwarder.state.dropped, 0);
  });

  test("bounds the values of a tag, the same ones after a restart", async () => {
    const here = scene({ maxTagValues: 3 });
    const devices = Array.from({ length: 10 }, (_, index) =>
      answered(index + 1, { device: `cam-${index}`, at: START }),
    );
    write(here.store, ...devices);
    await forward(here);
    assert.equal(here.forwarder.state.otherTags, 7);
    here.store.setCursor(here.server.name, 5);
    const again = new Forwarder({ ...here, config: { ...config, maxTagValues: 3 }, log });
    await forward({ ...here, forwarder: again });
    const points = await select(here.server, 'SELECT "device", "seq" FROM "verdict"');
    const seen = points.map(({ device }) => String(device)).sort();
    assert.deepEqual(seen, ["cam-0", "cam-1", "cam-2", ...Array.from({ length: 7 }, () => "other")]);
  });

  test("stops in bounded time while InfluxDB is away, and tries the rest once while it is there", async () => {
    const here = scene();
    write(here.store, ...rows(1, 700));
    await here.forwarder.stop(5000);
    assert.equal(here.forwarder.state.backlog, 0);

    const unreachable = connectInflux({ url: "http://127.0.0.1:9/db", requestTimeout: 2000 });
    const store = openSqliteStore(":memory:");
    write(store, answered(1));
    const lonely = new Forwarder({
      store,
      server: unreachable,
      config: { ...config, retryWait: 600_000 },
      log,
    });
    lonely.wake();
    await waitUntil(
      "the failure is noticed",
      () => lonely.state.lastError,
      (error) => error !== undefined,
    );
    await lonely.stop(60_000);
    assert.equal(lonely.state.backlog, 1);
  });

  test("sends energy, training, stats, status and drops under their measurements", async () => {
    const here = scene();
    const node = { site: "lab", node: "edge-1" };
    here.store.write([
      {
        kind: "energy",
        ...node,
        energy: {
          kind: "edge",
          at: START,
          uptimeS: 9,
          computeJ: 5.5,
          uplinkJ: 1.25,
          source: "measured:rapl",
        },
      },
      {
        kind: "training",
        ...node,
        training: {
          at: START,
          event: "epoch",
          model: "tiny@1.0.0",
          energyJ: 12.5,
          run: 1,
          pausedMs: 0,
          epoch: 2,
          epochs: 8,
          loss: 0.5,
          accuracy: null,
          imagesPerS: 99,
        },
      },
      {
        kind: "stats",
        ...node,
        stats: {
          kind: "edge",
          at: START,
          uptimeS: 9,
          counters: { frames: 7 },
          drops: { oldest: 4 },
          queues: { decode: 2 },
          exits: { main: 1, extension: 2, cloud: 3 },
        },
      },
      {
        kind: "status",
        ...node,
        status: {
          state: "online",
          kind: "edge",
          version: "1.0.0",
          models: ["a@1.0.0", "b@1.0.0"],
          since: START,
        },
      },
    ]);
    await forward(here);
    const [energy] = await select(here.server, 'SELECT * FROM "energy"');
    assert.deepEqual([energy?.compute_j, energy?.source], [5.5, "measured:rapl"]);
    const [training] = await select(here.server, 'SELECT * FROM "training"');
    assert.deepEqual(
      [training?.event, training?.loss, training?.epoch, training?.energy_j],
      ["epoch", 0.5, 2, 12.5],
    );
    const [stats] = await select(here.server, 'SELECT * FROM "node" WHERE "uptime_s" > 0');
    assert.deepEqual([stats?.counter_frames, stats?.queue_decode, stats?.exit_cloud], [7, 2, 3]);
    const [drop] = await select(here.server, `SELECT "dropped" FROM "node" WHERE "reason" = 'oldest'`);
    assert.equal(drop?.dropped, 4);
    const [status] = await select(here.server, 'SELECT "state", "model" FROM "node"');
    assert.deepEqual([status?.state, status?.model], ["online", "a@1.0.0, b@1.0.0"]);
    assert.equal(here.forwarder.state.dropped, 0);
  });
});
