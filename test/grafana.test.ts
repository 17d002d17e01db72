import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AnswerVerdict, Training } from "@meanet/protocol";
import { connectInflux, runInfluxQuery } from "@meanet/recorder";
import { answered, type Influxd, startInfluxd } from "@meanet/recorder/testing";
import { waitUntil } from "@meanet/session/testing";
import { load, sampleFrames } from "./rig/frames.ts";
import { expandMacros, grafanaFolder, queriesOf, readBoards } from "./rig/grafana.ts";
import { mentionedIn } from "./rig/influxql.ts";
import { meanet } from "./rig/meanet.ts";
import { SITE, Site } from "./rig/site.ts";

const boards = readBoards();
const INTERVAL_MS = 1000;
const HOUR_MS = 3_600_000;
const LABELS = 100;
/** Of a second bundle, which sends less often and dearer. */
const OTHERS = 6;

describe("Grafana's dashboards", () => {
  it("are five, with links to each other and to one provisioned datasource", () => {
    assert.deepEqual(boards.map(({ uid }) => uid).sort(), [
      "meanet-energy",
      "meanet-history",
      "meanet-nodes",
      "meanet-overview",
      "meanet-training",
    ]);
    const provisioned = readFileSync(join(grafanaFolder, "provisioning/datasources/meanet.yaml"), "utf8");
    const [, uid] = provisioned.match(/uid: (\S+)/) ?? [];
    for (const { panels, tags } of boards) {
      assert.deepEqual(tags, ["meanet"]);
      for (const { datasource, targets = [] } of panels)
        for (const used of [datasource, ...targets.map((target) => target.datasource)])
          if (used !== undefined) assert.equal(used.uid, uid);
    }
  });

  for (const { title, panels } of boards) {
    it(`${title}: every panel says what it shows, in which unit, and hides no other`, () => {
      for (const panel of panels) {
        for (const other of panels)
          if (other !== panel) assert.ok(apart(panel.gridPos, other.gridPos), panel.title);
        assert.ok(panel.gridPos.x + panel.gridPos.w <= 24, panel.title);
        if (panel.type === "row") continue;
        assert.ok((panel.description ?? "").length > 10, `${panel.title} has no description`);
        assert.ok(panel.fieldConfig?.defaults.unit, `${panel.title} has no unit`);
        assert.ok(panel.fieldConfig.defaults.thresholds?.steps.length, `${panel.title} has no thresholds`);
        if (panel.type === "timeseries")
          assert.ok(panel.options?.legend?.showLegend, `${panel.title} has no legend`);
      }
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    });
  }

  describe("on an InfluxDB that a site has filled", () => {
    const site = new Site();
    const sinceMs = Date.now();
    let influxd: Influxd;
    let server: ReturnType<typeof connectInflux>;

    before(async () => {
      influxd = await startInfluxd();
      const url = `${influxd.url}/meanet`;
      server = connectInflux({ url, requestTimeout: 10_000 });
      await provision(url);
      const doomed = await fill(site, url);
      const forwarded = () => rowsOf('SELECT count("correct") FROM "verdict"');
      await waitUntil("labels are in InfluxDB", forwarded, ([row]) => Number(row?.[1]) >= LABELS);
      const others = () => rowsOf(`SELECT count("latency_ms") FROM "verdict" WHERE "edge" = 'edge-3'`);
      await waitUntil("the other bundle is in InfluxDB", others, ([row]) => Number(row?.[1]) >= OTHERS);
      // Whichever node refused the broken frame has told so by now.
      const dropped = () => rowsOf('SELECT sum("dropped") FROM "node"');
      await waitUntil("the refusal is in InfluxDB", dropped, ([row]) => Number(row?.[1]) >= 1);
      await doomed.vanish();
      await provision(url);
    });
    after(async () => {
      await site.close();
      await influxd?.stop();
    });

    for (const board of boards) {
      for (const [name, query] of queriesOf(board)) {
        it(`${name} asks for what is there, and gets rows`, async () => {
          const ask = () => rowsOf(expandMacros(query, spanOf(board.uid)));
          await waitUntil(`there is an answer to ${query}`, ask, (rows) => rows.length > 0);
          const { measurements, tags, columns } = mentionedIn(query);
          assert.ok(measurements.length > 0);
          const tagKeys = await keysOf("TAG", measurements);
          const fieldKeys = await keysOf("FIELD", measurements);
          assert.deepEqual(
            tags.filter((tag) => !tagKeys.includes(tag)),
            [],
          );
          assert.deepEqual(
            columns.filter((column) => !tagKeys.includes(column) && !fieldKeys.includes(column)),
            [],
          );
        });
      }
    }

    it("reckon what cloud-only would have cost as the query savings does, each bundle apart", async () => {
      const query = queriesOf(boards.find(({ uid }) => uid === "meanet-energy")!);
      const single = async (panel: string) => {
        const [, influxql] = query.find(([name]) => name.includes(panel))!;
        const [row] = await rowsOf(expandMacros(influxql, spanOf("meanet-energy")));
        return Number(row?.[1]);
      };
      const { columns, rows } = await runInfluxQuery(server, "savings", {
        since: String(sinceMs),
        from: "raw",
      });
      assert.equal(rows.length, 2);
      const reckoned = (column: string) =>
        rows.reduce((sum, row) => sum + Number(row[columns.indexOf(column)]), 0);
      for (const [panel, column] of [
        ["Upload, had all been sent", "cloudOnlyEdgeJ"],
        ["Cloud, had all been sent", "cloudOnlyCloudJ"],
        ["Bytes, had all been sent", "cloudOnlyBytes"],
      ] as const) {
        const [shown, expected] = [await single(panel), reckoned(column)];
        assert.ok(
          expected > 0 && Math.abs(shown - expected) < 1e-9 * expected,
          `${panel}: ${shown}, ${expected}`,
        );
      }
    });

    /** An hour's point stands at the hour's begin. */
    function spanOf(uid: string) {
      return uid === "meanet-history"
        ? { sinceMs: sinceMs - 24 * HOUR_MS, intervalMs: HOUR_MS }
        : { sinceMs, intervalMs: INTERVAL_MS };
    }

    async function rowsOf(influxql: string): Promise<unknown[][]> {
      const { results } = (await server.query(influxql)) as Results;
      const values = results.flatMap(({ error, series = [] }) => {
        assert.equal(error, undefined, influxql);
        return series.flatMap((one) => one.values);
      });
      return values.filter((row) => row.slice(1).some((cell) => cell !== null));
    }

    async function keysOf(what: "TAG" | "FIELD", measurements: readonly string[]): Promise<string[]> {
      const from = measurements.join(", ");
      const { results } = (await server.query(`SHOW ${what} KEYS FROM ${from}`)) as Results;
      return results.flatMap(({ series = [] }) =>
        series.flatMap(({ values }) => values.map(([key]) => String(key))),
      );
    }
  });
});

interface Results {
  readonly results: readonly {
    readonly error?: string;
    readonly series?: readonly { readonly values: readonly unknown[][] }[];
  }[];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function apart(a: Place, b: Place): boolean {
  return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
}

/** Retention policies and roll-ups of what is there. */
async function provision(influx: string): Promise<void> {
  const { code, stderr } = await meanet("recorder", "--provision", "--influx-url", influx);
  assert.equal(code, 0, stderr);
}

/**
 * Frames, labels, a refusal, and a training: something for every panel.
 *
 * @returns an edge node that is to go without a word
 */
async function fill(site: Site, influx: string) {
  const often = ["--stats-interval", "200ms"];
  await site.startBroker(...often);
  await site.startRecorder("--influx-url", influx, ...often);
  await site.startWorker("worker-1", ...often);
  const doomed = await site.startEdge("edge-2", ...often);
  await site.startEdge("edge-1", ...often);
  const camera = await site.openCamera("camera-1");
  await load({ camera, frames: await sampleFrames(), count: 200 });
  const id = await camera.publishFrame(new Uint8Array(5), { id: "broken" });
  await camera.awaitVerdict(id, 120_000);
  const session = site.openSession("trainer");
  await session.connect();
  for (let index = 0; index < LABELS; index++) {
    const topic = { site: SITE, device: "camera-1", id: `f-${index}` };
    await session.publish(session.topics.label, topic, { label: index % 10 });
  }
  for (const verdict of otherVerdicts()) {
    await session.publish(session.topics.verdict, { site: SITE, device: verdict.device }, verdict);
  }
  for (const training of aTraining()) {
    await session.publish(session.topics.training, { site: SITE, node: "edge-1" }, training);
  }
  return doomed;
}

/** As an edge node of another bundle publishes them: one of them sent. */
function otherVerdicts(): AnswerVerdict[] {
  const of = { site: SITE, device: "sensor-1", edge: "edge-3", journal: "other", model: "other@1.0.0" };
  const energy = { mainJ: 0.01, extensionJ: 0, uplinkJ: 0.2, cloudJ: 3, source: "modelled:toy" };
  const cloud = { exit: "cloud", route: "complex", cloud: "answered", worker: "worker-1" } as const;
  return Array.from({ length: OTHERS }, (_, index) =>
    answered(index + 1, {
      ...{ ...of, at: Date.now() },
      ...(index === 0 ? { ...cloud, energy, uplinkBytes: 50_000 } : {}),
    }),
  );
}

/** As a node that learns publishes it. */
function aTraining(): Training[] {
  const at = Date.now();
  const model = "fashion-mnist@1.0.0";
  const common = (step: number) => ({ at: at + step, model, energyJ: 0.5, run: 1 });
  const heldOut = { items: 40, current: 0.8, candidate: 0.85, won: 4, lost: 2 };
  const figures = { heldOut, reference: { ...heldOut, items: 100 } };
  const epochs = [1, 2].map((epoch) => ({
    ...common(1 + epoch),
    ...{ event: "epoch", epoch, epochs: 2, loss: 1 / epoch, accuracy: 0.8, imagesPerS: 200, pausedMs: 30 },
  })) as Training[];
  return [
    { ...common(0), event: "collected", items: { label: 120, cloud: 3 }, fresh: 120 },
    {
      ...common(1),
      event: "started",
      trigger: "items",
      items: 123,
      heldOut: 40,
      epochs: 2,
      hardClasses: ["shirt"],
    },
    ...epochs,
    { ...common(4), event: "accepted", figures },
    { ...common(5), event: "swapped", before: model },
    { ...common(6), run: 2, event: "refused", reason: "not better", figures },
  ];
}
