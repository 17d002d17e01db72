import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { latencyBoundsMs } from "../rollups/latency-buckets.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { forwardAll } from "../testing/forwarded.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import { Forwarder } from "./forwarder.ts";
import { connectInflux, type InfluxServer } from "./influx-server.ts";
import { type MeasurementName, measurements } from "./measurements.ts";
import { ask } from "./meta.ts";
import { renderSchemaDocs, schemaDocsPath } from "./schema-docs.ts";

test("docs/reference/influxdb.md is what `npm run docs:influxdb` writes", () => {
  assert.equal(readFileSync(schemaDocsPath, "utf8"), renderSchemaDocs());
});

describe("an InfluxDB that was sent everything", () => {
  let influxd: Influxd;
  let server: InfluxServer;
  before(async () => {
    influxd = await startInfluxd();
    server = connectInflux({ url: `${influxd.url}/meanet`, requestTimeout: 10_000 });
    const store = openSqliteStore(":memory:");
    const node = { site: "lab", node: "edge-1" };
    const stages = {
      ...{ admitMs: 1, decodeMs: 1, mainQueueMs: 1, mainMs: 1, cloudMs: 1, extensionQueueMs: 1 },
      ...{ extensionMs: 1, cloudQueueMs: 1, cloudComputeMs: 1 },
    };
    const latencies = [0, ...latencyBoundsMs];
    const energy = { mainJ: 1, extensionJ: 1, uplinkJ: 1, cloudJ: 1, source: "modelled:toy" };
    const rich = {
      exit: "cloud",
      ...{ worker: "worker-1", supersedes: 1, uplinkBytes: 9, frameBytes: 9, threshold: 0.8 },
      ...{ energy, stages },
      edgeAnswer: { label: "dog", classIndex: 5, confidence: 0.5, exit: "main", complete: true },
    } as const;
    store.write([
      ...latencies.map(
        (latencyMs, index) =>
          ({ kind: "verdict", verdict: answered(index + 1, { ...rich, latencyMs }) }) as const,
      ),
      { kind: "verdict", verdict: refused(1000) },
      { kind: "label", site: "lab", device: "cam-1", id: "frame-1", label: 3 },
      {
        kind: "energy",
        ...node,
        energy: { kind: "edge", at: START, uptimeS: 1, computeJ: 1, uplinkJ: 1, source: "modelled:toy" },
      },
      {
        kind: "stats",
        ...node,
        stats: {
          ...{ kind: "edge", at: START, uptimeS: 1, memoryBytes: 1 },
          counters: { frames: 1 },
          drops: { overload: 1 },
          queues: { decode: 1 },
          exits: { main: 1, extension: 1, cloud: 1 },
        },
      },
      {
        kind: "status",
        ...node,
        status: { state: "online", kind: "edge", version: "1.0.0", models: ["toy@1.0.0"], since: START },
      },
      {
        kind: "training",
        ...node,
        training: {
          ...{ at: START, event: "epoch", model: "toy@1.0.0", energyJ: 1, run: 1, pausedMs: 1, epoch: 1 },
          ...{ epochs: 8, loss: 1, accuracy: 1, imagesPerS: 1, latencyP99Ms: 1 },
        },
      },
    ]);
    const config = { batch: 500, retryWait: 20, maxRetryWait: 200, maxTagValues: 200 };
    const forwarder = new Forwarder({ store, server, config, log: createLog("test", "silent") });
    await forwardAll(forwarder);
    await forwarder.stop(1000);
    store.close();
  });
  after(() => influxd?.stop());

  /** Of training, steps other than an epoch. */
  const unsent = [
    "items",
    "held_out",
    "held_out_current",
    "held_out_candidate",
    "held_out_won",
    "held_out_lost",
    "reference_current",
    "reference_candidate",
    "reference_won",
    "reference_lost",
    "disagreement_before",
    "disagreement_after",
  ];

  for (const name of Object.keys(measurements) as MeasurementName[]) {
    test(`has the tags and fields of ${name}, of the types that the reference tells`, async () => {
      const { series: tags } = await ask(server, `SHOW TAG KEYS FROM "${name}"`);
      assert.deepEqual(
        tags?.[0]?.values?.map(([tag]) => tag).sort(),
        Object.keys(measurements[name].tags).sort(),
      );
      const { series: fields } = await ask(server, `SHOW FIELD KEYS FROM "${name}"`);
      const found = Object.fromEntries((fields?.[0]?.values ?? []) as [string, string][]);
      const { counted = {} } = measurements[name] as { counted?: Readonly<Record<string, string>> };
      for (const [field, type] of Object.entries(found)) {
        const prefix = Object.keys(counted).find((one) => field.startsWith(one));
        const told: Readonly<Record<string, { readonly type: string }>> = measurements[name].fields;
        assert.equal(type, prefix === undefined ? told[field]?.type : "float", field);
      }
      const missing = Object.keys(measurements[name].fields).filter((field) => !(field in found));
      assert.deepEqual(missing, name === "training" ? [...unsent, "reason"] : []);
    });
  }
});
