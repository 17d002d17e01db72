import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { type Mosquitto, startMosquitto, waitUntil } from "@meanet/session/testing";
import type { z } from "zod";
import { configSchema } from "./config.ts";
import type { FrameRecord } from "./frames/frame-record.ts";
import type { StoreState } from "./http/store-state.ts";
import { type RunningRecorder, start } from "./main.ts";
import { queryNames } from "./queries/named-queries.ts";
import { Edge } from "./testing/edge.ts";
import { getJson, seqsIn, untilStored, upTo } from "./testing/stored.ts";
import type { RecordedTraining } from "./trainings/recorded-trainings.ts";
import type { WhatIf } from "./whatif/whatif.ts";

type Settings = z.input<typeof configSchema>;

const folder = mkdtempSync(join(tmpdir(), "meanet-recorder-main-"));
let broker: Mosquitto;
let scenes = 0;

before(async () => {
  // Replays and bursts must not run into Mosquitto's own limit of queued messages.
  broker = await startMosquitto(["max_queued_messages 0"]);
});
after(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Every test in a site of its own: retained messages of one are not seen by the next. */
function settings(changes: Omit<Settings, "site" | "node" | "state"> = {}) {
  scenes += 1;
  return {
    ...{ site: `site-${scenes}`, node: `recorder-${scenes}`, state: join(folder, `state-${scenes}`) },
    mqtt: { url: broker.url, reconnectInterval: "50ms" },
    // Patient: on a busy machine an answer may be seconds away, and a row given up would fail a test of nothing lost.
    gaps: { wait: "100ms", maxWait: "400ms", attempts: 40, rangeSize: 400 },
    statsInterval: "200ms",
    ...changes,
  } satisfies Settings;
}

async function startRecorder(
  context: TestContext,
  config: Settings,
): Promise<RunningRecorder & { url: string }> {
  const recorder = await start(configSchema.parse(config), { log: createLog("recorder", "silent") });
  context.after(() => recorder.stop());
  return { ...recorder, url: recorder.http!.url };
}

async function connectEdge(
  context: TestContext,
  site: string,
  node = `edge-${site}`,
  url = broker.url,
): Promise<Edge> {
  const edge = await Edge.connect(url, node, site);
  context.after(() => edge.session.close());
  return edge;
}

describe("recorder", () => {
  test("stores verdicts, refusals and labels, and answers queries about them", async (context) => {
    const config = settings();
    const { site } = config;
    const { url } = await startRecorder(context, config);
    const edge = await connectEdge(context, site);
    await edge.answer(20);
    const { session } = edge;
    const refusal = {
      ...edge.write(),
      outcome: "refused",
      final: true,
      reason: "overload",
      detail: "full",
    } as const;
    await session.publish(session.topics.verdict, { site, device: "cam-1" }, refusal);
    await session.publish(session.topics.label, { site, device: "cam-1", id: "frame-1" }, { label: "cat" });
    await session.publish(session.topics.label, { site, device: "cam-1", id: "frame-2" }, { label: 0 });
    await untilStored(url, 21);
    await waitUntil(
      "both labels are stored",
      () => getJson<StoreState>(`${url}/store`),
      ({ labels }) => labels === 2,
    );

    const query = (path: string) => getJson<{ columns: string[]; rows: unknown[][] }>(`${url}/query/${path}`);
    const throughput = await query("throughput?since=15m&by=device");
    assert.deepEqual(throughput.columns, ["device", "frames", "framesPerS"]);
    assert.deepEqual(throughput.rows[0]?.slice(0, 2), ["cam-1", 20]);
    assert.deepEqual((await query("accuracy")).rows, [[2, 1, 0.5]]);
    assert.deepEqual((await query("drops?by=edge")).rows, [[`edge-${site}`, "refused", "overload", 1]]);
    assert.equal((await query("latency?interval=1h&since=2h")).columns[0], "time");
    const names = (await getJson<{ name: string }[]>(`${url}/queries`)).map(({ name }) => name);
    assert.deepEqual(names, queryNames);
  });

  test("tells over HTTP the way of one frame, and what another threshold would have come to", async (context) => {
    const config = settings();
    const { site } = config;
    const edge = await connectEdge(context, site);
    const { url } = await startRecorder(context, config);
    const detail = { threshold: 0.5, stages: { admitMs: 1, mainMs: 3 }, frameBytes: 3072 };
    await edge.publish(edge.write(detail));
    await edge.publish(edge.write({ ...detail, entropy: 0.7, route: "complex", cloud: "late" }));
    await untilStored(url, 2);

    const { id, frames } = await getJson<{ id: string; frames: FrameRecord[] }>(
      `${url}/frame/frame-1?site=${site}`,
    );
    const [verdict] = frames[0]!.verdicts;
    assert.ok(verdict?.outcome === "answered");
    assert.deepEqual([id, frames.length, verdict.stages], ["frame-1", 1, detail.stages]);

    const { inForce, rows } = await getJson<WhatIf>(`${url}/whatif?since=15m&grid=0,1`);
    assert.deepEqual(inForce, { threshold: 0.5, from: "verdict" });
    assert.deepEqual(
      rows.map(({ threshold, sent, coverage }) => [threshold, sent, coverage]),
      [
        [0, 2, 0.5],
        [0.5, 1, 1],
        [1, 0, 1],
      ],
    );

    const refused = async (path: string) => {
      const response = await fetch(`${url}/${path}`);
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    assert.deepEqual(await refused("frame/frame-9"), [404, "FRAME_UNKNOWN"]);
    assert.deepEqual(await refused("frame/frame-1?device=A"), [400, "QUERY_INVALID"]);
    assert.deepEqual(await refused("whatif?grid=many"), [400, "QUERY_INVALID"]);
  });

  test("tells over HTTP the steps of edge nodes that learn", async (context) => {
    const config = settings();
    const { site } = config;
    const { url } = await startRecorder(context, config);
    const { session } = await connectEdge(context, site);
    const step = { at: Date.now(), model: "toy@1.0.0", energyJ: 0, run: 1 };
    const training = { ...step, event: "failed", reason: "disk full" } as const;
    await session.publish(session.topics.training, { site, node: session.node }, training);
    const [found] = await waitUntil(
      "the step is stored",
      () => getJson<RecordedTraining[]>(`${url}/trainings?since=1h&edge=${session.node}&events=failed`),
      ({ length }) => length > 0,
    );
    assert.deepEqual(found, { site, edge: session.node, training });
    assert.deepEqual(await getJson(`${url}/trainings?since=1h&site=elsewhere`), []);
    const refused = await fetch(`${url}/trainings?events=slept`);
    assert.deepEqual(
      [refused.status, ((await refused.json()) as { error: string }).error],
      [400, "QUERY_INVALID"],
    );
  });

  test("answers a wrong query with 400 and the reason", async (context) => {
    const { url } = await startRecorder(context, settings());
    for (const path of [
      "speed",
      "latency?since=soon",
      "latency?by=label",
      "latency?limit=5",
      "latency?by=exit&by=edge",
    ]) {
      const response = await fetch(`${url}/query/${path}`);
      const { error, reason } = (await response.json()) as { error: string; reason: string };
      assert.deepEqual([response.status, error], [400, "QUERY_INVALID"], path);
      assert.match(reason, /expected|must|Invalid|Unrecognized/, path);
    }
  });

  test("tells its health, status and stats", async (context) => {
    const config = settings();
    const { site, node } = config;
    const watcher = await connectEdge(context, site);
    const seen: { states: string[]; counters: Record<string, number> } = { states: [], counters: {} };
    const { topics } = watcher.session;
    watcher.session.subscribe(
      topics.status,
      { site, node },
      ({ value }) => void seen.states.push(value.state),
    );
    watcher.session.subscribe(topics.stats, { site, node }, ({ value }) => {
      seen.counters = value.counters;
    });
    const recorder = await start(configSchema.parse(config), { log: createLog("recorder", "silent") });
    const { url } = recorder.http!;
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    await watcher.answer(3);
    await waitUntil(
      "stats tell of three verdicts",
      () => seen.counters,
      ({ verdicts }) => verdicts === 3,
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /meanet_recorder_verdicts_total\{process="recorder"\} 3/);
    await recorder.stop();
    await waitUntil(
      "it says that it stopped",
      () => seen.states,
      (states) => states.at(-1) === "stopped",
    );
  });

  test("shows the state of a node until its retained status is cleared", async (context) => {
    const config = settings();
    const edge = await connectEdge(context, config.site);
    const recorder = await start(configSchema.parse(config), { log: createLog("recorder", "silent") });
    context.after(() => recorder.stop());
    const gone = { site: config.site, node: "gone-1" };
    const { topics } = edge.session;
    const status = { state: "offline", kind: "edge", version: "1", models: [], since: 1 } as const;
    await edge.session.publish(topics.status, gone, status);
    const scrape = async () => (await fetch(`${recorder.http!.url}/metrics`)).text();
    const isShown = (text: string) => text.includes('node="gone-1",kind="edge",state="offline"');
    await waitUntil("its state is shown", scrape, isShown);
    await edge.session.publishBytes(topics.status.format(gone), new Uint8Array(), { qos: 1, retain: true });
    const after = await waitUntil("it is forgotten", scrape, (text) => !isShown(text));
    assert.match(after, /reason="invalid",process="recorder"\} 0/);
  });

  test("asks for rows it never saw, known from a higher row or from retained stats alone", async (context) => {
    const config = settings();
    const edge = await connectEdge(context, config.site);
    await edge.answer(1000);
    await edge.tellStats();
    const { url, databaseFile } = await startRecorder(context, config);
    await untilStored(url, 1000);
    // The newest first, none of more rows than one request may have. On a busy machine a range is asked for again, or what is left of it.
    assert.deepEqual(edge.replays[0], { journal: "journal-1", from: 601, to: 1000 });
    assert.ok(edge.replays.every(({ from, to }) => to - from < 400));
    assert.equal(Math.min(...edge.replays.map(({ from }) => from)), 1);
    edge.write();
    edge.write();
    await edge.publish(edge.write());
    await untilStored(url, 1003);
    assert.deepEqual(seqsIn(databaseFile), upTo(1003));
  });

  test("gives rows up by count when the edge has them no more, and keeps the rest", async (context) => {
    const config = settings({ gaps: { wait: "100ms", maxWait: "400ms", attempts: 4, rangeSize: 400 } });
    const { url } = await startRecorder(context, config);
    const edge = await connectEdge(context, config.site);
    await edge.answer(5);
    for (const seq of [edge.write().seq, edge.write().seq]) edge.forget(seq);
    await edge.answer(5);
    const state = await untilStored(url, 10);
    assert.deepEqual([state.verdicts, state.lost, state.missing], [10, 2, 0]);
  });

  test("waits for an edge that is away, and loses nothing", async (context) => {
    const config = settings();
    const edge = await connectEdge(context, config.site);
    await edge.answer(5);
    await edge.tellStats();
    await edge.session.close();
    const { url, databaseFile } = await startRecorder(context, config);
    await waitUntil(
      "the gap is known",
      () => getJson<StoreState>(`${url}/store`),
      ({ missing }) => missing === 5,
    );
    const back = await connectEdge(context, config.site);
    // The same journal: rows 1 to 5 are as they were.
    for (let seq = 1; seq <= 5; seq++) back.write();
    await untilStored(url, 5);
    assert.deepEqual(seqsIn(databaseFile), upTo(5));
  });

  test("gives up the rows of an edge that is away when its status is cleared: it is gone for good", async (context) => {
    const config = settings({ gaps: { wait: "20ms", maxWait: "50ms", attempts: 2, rangeSize: 400 } });
    const edge = await connectEdge(context, config.site);
    await edge.answer(5);
    await edge.tellStats();
    await edge.session.close();
    const { url } = await startRecorder(context, config);
    const state = () => getJson<StoreState>(`${url}/store`);
    await waitUntil("the gap is known", state, ({ missing }) => missing === 5);
    const operator = await connectEdge(context, config.site, "operator");
    const gone = { site: config.site, node: `edge-${config.site}` };
    const status = operator.session.topics.status.format(gone);
    await operator.session.publishBytes(status, new Uint8Array(), { qos: 1, retain: true });
    const { lost } = await waitUntil("they are given up", state, ({ missing }) => missing === 0);
    assert.equal(lost, 5);
  });

  test("stays well under hostile messages, and counts them", async (context) => {
    const config = settings();
    const { site } = config;
    const { url } = await startRecorder(context, config);
    const edge = await connectEdge(context, site);
    const { session } = edge;
    const send = (name: string, payload: string | Uint8Array) =>
      session.publishBytes(`meanet/v1/${site}/${name}`, Buffer.from(payload), { qos: 1, retain: false });
    const row = JSON.stringify(edge.write());
    await send("cam-1/verdict", "not JSON");
    await send("cam-1/verdict", Buffer.from([0xff, 0xfe, 0x00]));
    await send("cam-1/verdict", "{}");
    await send("cam-1/verdict", "[".repeat(60_000));
    await send("cam-1/verdict", "x".repeat(100_000));
    await send("cam-1/verdict", row.replace('"seq":1', '"seq":-1'));
    await send("cam-1/verdict", row.replace('"seq":1', '"seq":1e400'));
    await send("cam-2/verdict", row);
    await send("CAM 3/verdict", row);
    await send("cam-1/label/frame-1", '{"label":""}');
    await send("cam-1/label/frame-1", '{"label":{"$gt":""}}');
    await send(`edge-${site}/stats`, '{"kind":"edge","journal":{"journal":"a","lastSeq":-4}}');
    await send("cam-1/verdict", row);
    await untilStored(url, 1);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const dropped = (reason: string) =>
      new RegExp(`reason="${reason}",process="recorder"\\} (\\d+)`).exec(metrics)?.[1];
    assert.deepEqual([dropped("invalid"), dropped("misaddressed")], ["11", "1"]);
  });

  test("records its own site, or all of them", async (context) => {
    const quiet = await startMosquitto();
    context.after(() => quiet.stop());
    const mqtt = { url: quiet.url };
    const own = settings({ mqtt });
    const [one, every] = [
      await startRecorder(context, own),
      await startRecorder(context, settings({ mqtt, record: "all-sites" })),
    ];
    const near = await connectEdge(context, own.site, "edge-near", quiet.url);
    const far = await connectEdge(context, "far", "edge-far", quiet.url);
    await far.answer(7);
    await near.answer(3);
    await untilStored(every.url, 10);
    assert.equal((await untilStored(one.url, 3)).verdicts, 3);
  });

  test("records labels and trainings of the time it was away; verdicts come by replay", async (context) => {
    const config = settings();
    const { site } = config;
    const edge = await connectEdge(context, site);
    const first = await start(configSchema.parse(config), { log: createLog("recorder", "silent") });
    await edge.answer(2);
    await first.stop();
    const { session } = edge;
    await session.publish(session.topics.label, { site, device: "cam-1", id: "frame-2" }, { label: "cat" });
    const step = { run: 1, at: Date.now(), model: "m@1.0.0", energyJ: 2 };
    const training = { ...step, event: "failed", reason: "disk full" } as const;
    await session.publish(session.topics.training, { site, node: session.node }, training);
    const { url } = await startRecorder(context, config);
    const state = await waitUntil(
      "the label is stored",
      () => getJson<StoreState>(`${url}/store`),
      ({ labels }) => labels === 1,
    );
    assert.equal(state.verdicts, 2);
    await waitUntil(
      "the step of a training is stored",
      () => getJson<unknown[]>(`${url}/trainings`),
      (steps) => steps.length === 1,
    );
  });
});
