import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { load, sampleFrames } from "./rig/frames.ts";
import { type Family, scrape, seriesOf } from "./rig/metrics.ts";
import { Site } from "./rig/site.ts";

const folder = join(import.meta.dirname, "../docs/monitoring/prometheus");
const kinds = ["broker", "edge", "worker", "recorder", "bridge", "flows"] as const;
type Kind = (typeof kinds)[number];

/** Series of one process: more of them, and a label is not bounded. */
const MAX_SERIES = 60;

describe("metrics of a whole site that works", () => {
  const site = new Site();
  const scrapes = {} as Record<Kind, { text: string; families: Family[] }>;

  before(async () => {
    const processes = { broker: await site.startBroker() } as Record<
      Kind,
      Awaited<ReturnType<Site["startEdge"]>>
    >;
    processes.recorder = await site.startRecorder();
    processes.worker = await site.startWorker("worker-1");
    processes.edge = await site.startEdge("edge-1");
    processes.bridge = await site.startBridge();
    processes.flows = await site.startFlows("--editor-port", "0");
    await load({ camera: await site.openCamera("camera-1"), frames: await sampleFrames(), count: 100 });
    for (const kind of kinds) scrapes[kind] = await scrape((await processes[kind].ready()).http);
  });
  after(() => site.close());

  for (const kind of kinds) {
    it(`${kind}: promtool has nothing to say`, () => {
      const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], {
        input: scrapes[kind].text,
        encoding: "utf8",
      });
      assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: "" });
    });

    it(`${kind}: names, units and labels are by Prometheus' conventions`, () => {
      const own = scrapes[kind].families.filter(({ name }) => name.startsWith("meanet_"));
      assert.ok(own.length >= 5);
      assert.deepEqual(
        own.flatMap((family) => faults(family, kind)),
        [],
      );
    });
  }

  it("counts frames, routes, outcomes, joules and bytes of what was really done", () => {
    const sum = (kind: Kind, name: string, labels: Readonly<Record<string, string>> = {}) =>
      seriesOf(scrapes[kind].families, name)
        .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
        .reduce((total, { value }) => total + value, 0);

    assert.equal(sum("edge", "meanet_edge_frames_total"), 100);
    assert.equal(sum("edge", "meanet_edge_verdicts_total"), 100);
    assert.equal(sum("edge", "meanet_edge_routed_frames_total"), 100);
    assert.equal(sum("edge", "meanet_edge_latency_seconds_count"), 100);
    const complex = sum("edge", "meanet_edge_routed_frames_total", { route: "complex" });
    assert.ok(complex > 0);
    assert.equal(sum("edge", "meanet_edge_offloads_total"), complex);
    assert.ok(sum("edge", "meanet_edge_uplink_bytes_total") > complex * 784);
    const parts = sum("edge", "meanet_edge_answer_energy_joules_total", { part: "main" });
    assert.ok(parts > 0 && parts <= sum("edge", "meanet_edge_energy_joules_total", { part: "compute" }));
    assert.ok(sum("worker", "meanet_worker_answers_total", { outcome: "answered" }) > 0);
    assert.ok(sum("broker", "meanet_broker_connections_total") >= 4);
    const online = { state: "online", kind: "edge", node: "edge-1" };
    assert.equal(sum("recorder", "meanet_recorder_node_state", online), 1);
    assert.ok(sum("recorder", "meanet_recorder_store_bytes") > 0);
    for (const kind of ["edge", "recorder"] as const) {
      const free = sum(kind, `meanet_${kind}_disk_free_bytes`);
      assert.ok(free > 0 && free < sum(kind, `meanet_${kind}_disk_size_bytes`));
    }
  });

  it("the guide explains every metric of every process, and no other", () => {
    const guide = readFileSync(join(folder, "../../guides/read-the-metrics.md"), "utf8");
    const explained = new Set(
      [...guide.matchAll(/`(meanet_\w+?)(?:\{[\w,]+\})?`/g)].map(([, name]) => name!),
    );
    const explicable = kinds.flatMap((kind) =>
      scrapes[kind].families.map(({ name }) => name).filter((name) => name.startsWith("meanet_")),
    );
    assert.deepEqual([...explained].sort(), explicable.sort());
  });

  it("every metric, label and value that an alert names is in a scrape", () => {
    const families = kinds.flatMap((kind) => scrapes[kind].families);
    const selectors = [...alertRules().matchAll(/\b(meanet_\w+)(?:\{([^}]*)\})?/g)];
    assert.ok(selectors.length >= 15);
    for (const [selector, name = "", matchers = ""] of selectors) {
      const series = seriesOf(families, name);
      assert.ok(series.length > 0, `no process has ${name}`);
      for (const [, label = "", operator, wanted = ""] of matchers.matchAll(/(\w+)(=~?)"([^"]*)"/g)) {
        for (const value of operator === "=~" ? wanted.split("|") : [wanted]) {
          assert.ok(
            series.some(({ labels }) => labels[label] === value),
            `no series of ${selector} has ${value}`,
          );
        }
      }
    }
  });
});

describe("alert rules", () => {
  it("fire when they should, and only then", () => {
    execFileSync("promtool", ["test", "rules", "alerts.test.yml"], { cwd: folder, stdio: "pipe" });
  });

  it("each has a test", () => {
    const tests = readFileSync(join(folder, "alerts.test.yml"), "utf8");
    const names = [...alertRules().matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    assert.ok(names.length > 10);
    assert.deepEqual(
      names.filter((name) => !tests.includes(name)),
      [],
    );
  });

  it("each is in the guide", () => {
    const guide = readFileSync(join(folder, "../../guides/read-the-metrics.md"), "utf8");
    const told = new Set([...guide.matchAll(/`(Meanet\w+)`/g)].map(([, name]) => name!));
    const names = [...alertRules().matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    assert.deepEqual([...told].sort(), names.sort());
  });

  it("are loaded by the configuration for a scrape", () => {
    execFileSync("promtool", ["check", "config", "prometheus.yml"], { cwd: folder, stdio: "pipe" });
  });
});

function alertRules(): string {
  return readFileSync(join(folder, "alerts.yml"), "utf8");
}

/** What breaks https://prometheus.io/docs/practices/naming/ beyond what promtool looks at. */
function faults({ name, type, help, samples }: Family, kind: Kind): string[] {
  const found: string[] = [];
  const hold = (rule: string, holds: boolean) => void (holds || found.push(`${name}: ${rule}`));
  const labels = new Set(samples.flatMap(({ labels: own }) => Object.keys(own)));
  hold("begins with its process", name.startsWith(`meanet_${kind}_`));
  hold("has a help of its own", help.length > 10 && !help.endsWith("."));
  hold("_total stands on counters, and only there", (type === "counter") === name.endsWith("_total"));
  hold(
    "is in base units",
    !/_(ms|millis\w*|micro\w*|minutes|hours|kb|mb|kilo\w*|j|mj|wh|percent)(_|$)/.test(name),
  );
  hold("labels do what _by_ would", !name.includes("_by_"));
  const unit = /_(seconds|bytes|joules)(?!(_total)?$)/;
  hold("the unit stands last, before _total", !unit.test(name));
  hold("a histogram names its unit", type !== "histogram" || /_(seconds|bytes|joules|items)$/.test(name));
  for (const label of labels) {
    hold(`label ${label} is in snake case`, /^[a-z][a-z_]*$/.test(label));
  }
  hold("has few series", samples.length <= MAX_SERIES);
  hold(
    "every value is a number",
    samples.every(({ value }) => !Number.isNaN(value)),
  );
  hold("no count is negative", type === "gauge" || samples.every(({ value }) => value >= 0));
  return found;
}
