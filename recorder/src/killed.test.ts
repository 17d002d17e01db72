import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { type Mosquitto, startMosquitto, waitUntil } from "@meanet/session/testing";
import type { z } from "zod";
import type { configSchema } from "./config.ts";
import type { StoreState } from "./http/store-state.ts";
import { connectInflux } from "./influx/influx-server.ts";
import { Edge } from "./testing/edge.ts";
import { startInfluxd } from "./testing/influxd.ts";
import { getJson, seqsIn, untilStored, upTo } from "./testing/stored.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-recorder-killed-"));
let broker: Mosquitto;

before(async () => {
  // Replays and bursts must not run into Mosquitto's own limit of queued messages.
  broker = await startMosquitto(["max_queued_messages 0"]);
});
after(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** By minutes and by hours. */
function framesRolledUp(databaseFile: string): number[] {
  const database = new DatabaseSync(databaseFile, { readOnly: true });
  const sums = ["verdict_1m", "verdict_1h"].map((table) =>
    Number(database.prepare(`SELECT sum(frames) AS frames FROM ${table}`).get()?.frames),
  );
  database.close();
  return sums;
}

function untilSome(url: string, verdicts: number): Promise<StoreState> {
  const look = () => getJson<StoreState>(`${url}/store`);
  return waitUntil(`more than ${verdicts} verdicts are stored`, look, (state) => state.verdicts > verdicts);
}

describe("a recorder", () => {
  test("killed under load and started again: no verdict missing, none twice, in SQLite and in InfluxDB", async (context) => {
    const influxd = await startInfluxd();
    context.after(() => influxd.stop());
    const config = {
      ...{ site: "lab", node: "recorder-1", state: folder },
      mqtt: { url: broker.url, reconnectInterval: "50ms" },
      // Patient: on a busy machine an answer may be seconds away, and a row given up would fail a test of nothing lost.
      gaps: { wait: "100ms", maxWait: "400ms", attempts: 40, rangeSize: 400 },
      statsInterval: "200ms",
      influx: { url: `${influxd.url}/meanet`, batch: 200, retryWait: "20ms" },
    } satisfies z.input<typeof configSchema>;
    const edge = await Edge.connect(broker.url);
    context.after(() => edge.session.close());
    const launch = async (): Promise<{ child: ChildProcess; url: string }> => {
      const entry = join(import.meta.dirname, "testing", "recorder-process.ts");
      const child = spawn(process.execPath, [entry, JSON.stringify(config)], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      context.after(() => child.kill("SIGKILL"));
      const [{ url }] = (await once(child, "message")) as [{ url: string }];
      return { child, url };
    };
    const first = await launch();
    const load = edge.answer(6000);
    await untilSome(first.url, 500);
    const exited = once(first.child, "exit");
    first.child.kill("SIGKILL");
    await exited;
    const second = await launch();
    await load;
    await edge.tellStats();
    await untilStored(second.url, 6000);
    const databaseFile = join(folder, "recorder.sqlite");
    assert.deepEqual(seqsIn(databaseFile), upTo(6000));
    assert.deepEqual(framesRolledUp(databaseFile), [6000, 6000]);
    assert.ok(edge.replays.length > 0, "rows of the time between were asked for");

    await waitUntil(
      "all is forwarded",
      () => getJson<StoreState>(`${second.url}/store`),
      ({ influx }) => influx?.backlog === 0,
    );
    const server = connectInflux({ url: `${influxd.url}/meanet`, requestTimeout: 5000 });
    const { results } = await server.query(
      'SELECT count("seq") AS n, count(distinct("seq")) AS d FROM "verdict"',
    );
    assert.deepEqual(
      (results as { series: { values: number[][] }[] }[])[0]?.series[0]?.values[0]?.slice(1),
      [6000, 6000],
    );
  });
});
