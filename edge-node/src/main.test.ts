import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { computeJ, deviceProfiles, uplinkJ, uplinks } from "@meanet/energy";
import { type NodeEnergy, type Stats, type Status, verdictSchema } from "@meanet/protocol";
import { freePort, openWire } from "@meanet/session/testing";
import { frameBytes, MACS } from "./bundle-for-tests.ts";

import { answerOf, Onlooker, openTestSite, startEdge } from "./site-for-tests.ts";

const easy = frameBytes({ 2: 255 });
/** Main says class one, the extension corrects it to three. */
const hard = frameBytes({ 1: 255, 4: 255 });
/** Main hesitates between zero and two: entropy ln 2. */
const complex = frameBytes({ 0: 255, 2: 255 });
const pi = deviceProfiles["raspberry-pi-4"];

const { broker, folder } = await openTestSite();

describe("an edge node", { timeout: 300_000 }, () => {
  test("answers an easy frame by main and a hard one by the extension, with the joules of what ran", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "answers");
    await using _edge = await startEdge(broker.url, folder, { node: "answers" });
    await onlooker.send("cam", easy, "easy");
    await onlooker.send("cam", hard, "hard");

    const first = verdictSchema.parse(await onlooker.final("easy"));
    assert.ok(first.outcome === "answered");
    assert.deepEqual(
      [first.label, first.classIndex, first.exit, first.route, first.cloud, first.edge, first.device],
      ["two", 2, "main", "easy", "none", "answers", "cam"],
    );
    // Softmax of (0, 0, 20, 0, 0) by hand.
    assert.ok(Math.abs(first.confidence - 1 / (1 + 4 * Math.exp(-20))) < 1e-6);
    assert.equal(first.energy.mainJ, computeJ(pi, MACS.main));
    assert.equal(first.energy.extensionJ, 0);

    const second = verdictSchema.parse(await onlooker.final("hard"));
    assert.ok(second.outcome === "answered");
    assert.deepEqual([second.label, second.exit, second.route], ["three", "extension", "hard"]);
    assert.equal(second.energy.extensionJ, computeJ(pi, MACS.adaptive + MACS.extension));
  });

  test("gives a frame without an id one of its own, and takes QoS 0 and float32 frames", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "nameless");
    await using _edge = await startEdge(broker.url, folder, { node: "nameless" });
    await onlooker.send(
      "nameless-cam",
      Buffer.from(new Float32Array([0, 0, 1, 0, 0, 0]).buffer),
      undefined,
      0,
    );
    await onlooker.until(() => onlooker.verdicts.length > 0);
    const [verdict] = onlooker.verdicts;
    assert.match(verdict!.id, /^[0-9a-f-]{36}$/);
    assert.equal(verdict!.qos, 0);
    assert.ok(verdict!.outcome === "answered" && verdict!.label === "two");
  });

  test("refuses what it cannot read, by reason, and goes on", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "refuses");
    await using _edge = await startEdge(broker.url, folder, {
      node: "refuses",
      limits: { frameBytes: 1000 },
    });
    const infinite = new Float32Array([3e38, -3e38, 0, 0, 0, 0]);
    const hostile: [string, Uint8Array, string][] = [
      ["empty", new Uint8Array(), "wrong-size"],
      ["seven", new Uint8Array(7), "wrong-size"],
      ["jpeg", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4, 5]), "undecodable"],
      ["png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0]), "undecodable"],
      ["nan", Buffer.from(new Float32Array([Number.NaN, 0, 0, 0, 0, 0]).buffer), "undecodable"],
      ["large", new Uint8Array(1001), "too-large"],
      ["overflow", Buffer.from(infinite.buffer), "inference-failed"],
    ];
    for (const [id, payload] of hostile) await onlooker.send("cam", payload, id);
    const { session } = onlooker;
    await session.publish(
      session.topics.window,
      { site: session.site, device: "imu", id: "window" },
      new Uint8Array(8),
    );
    for (const [id, , reason] of [...hostile, ["window", easy, "unsupported"] as const]) {
      const verdict = verdictSchema.parse(await onlooker.final(id));
      assert.ok(verdict.outcome === "refused", id);
      assert.equal(verdict.reason, reason, `${id}: ${verdict.detail}`);
    }
    await onlooker.send("cam", easy, "after");
    assert.equal((await onlooker.final("after")).outcome, "answered");
  });

  test("gives one verdict to an id, however often the frame comes, and the same one later", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "once");
    await using _edge = await startEdge(broker.url, folder, { node: "once" });
    await Promise.all([1, 2, 3].map(() => onlooker.send("cam", easy, "thrice")));
    const first = await onlooker.final("thrice");
    await onlooker.send("cam", hard, "thrice");
    await onlooker.send("other", easy, "thrice");
    await onlooker.until(() => onlooker.finals("thrice").some(({ device }) => device === "other"));
    const again = onlooker.finals("thrice").filter(({ device }) => device === "cam");
    assert.ok(again.length >= 2);
    for (const verdict of again) assert.deepEqual(verdict, first);
  });

  test("names what it cannot hold: QoS 1 refused, QoS 0 dropped and counted", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "full");
    const stats: Stats[] = [];
    const { session } = onlooker;
    session.subscribe(session.topics.stats, { site: session.site, node: "full" }, ({ value }) => {
      stats.push(value);
      onlooker.tell();
    });
    await using _edge = await startEdge(broker.url, folder, {
      node: "full",
      policy: "cloud-only",
      deadline: "2s",
      limits: { working: 1, waiting: 1 },
    });
    await onlooker.send("cam", easy, "works");
    await onlooker.until(() => onlooker.questions.length > 0);
    for (const id of ["dropped-1", "dropped-2"]) await onlooker.send("cam", easy, id, 0);
    await onlooker.send("cam", easy, "waits");
    await onlooker.send("cam", easy, "too-many");
    const refused = await onlooker.final("too-many");
    assert.ok(refused.outcome === "refused" && refused.reason === "overload");
    await onlooker.final("waits");
    await onlooker.until(() => stats.at(-1)?.counters.verdicts === 3);
    assert.deepEqual(stats.at(-1)?.drops, { "overload-qos0": 2, overload: 1 });
    assert.equal(stats.at(-1)?.counters.frames, 5);
    assert.equal(stats.at(-1)?.journal?.lastSeq, 3);
  });

  test("closes the ledger: the joules of its verdicts are the joules of the node", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "ledger", (item) =>
      item.attempt === 2 ? answerOf(item, 4) : undefined,
    );
    const energy: NodeEnergy[] = [];
    const { session } = onlooker;
    session.subscribe(session.topics.energy, { site: session.site, node: "ledger" }, ({ value }) =>
      energy.push(value),
    );
    const edge = await startEdge(broker.url, folder, { node: "ledger", silence: "60ms", deadline: "1s" });
    const kinds = [easy, hard, complex];
    await Promise.all(
      Array.from({ length: 90 }, (_, index) => onlooker.send("cam", kinds[index % 3]!, `ledger-${index}`)),
    );
    await onlooker.until(() => onlooker.verdicts.length === 90);
    await edge.stop();
    const sum = { computeJ: 0, uplinkJ: 0 };
    for (const verdict of onlooker.verdicts) {
      assert.ok(verdict.outcome === "answered");
      sum.computeJ += verdict.energy.mainJ + verdict.energy.extensionJ;
      sum.uplinkJ += verdict.energy.uplinkJ;
      if (verdict.route !== "complex") continue;
      assert.equal(verdict.cloud, "answered");
      assert.equal(verdict.energy.uplinkJ, uplinkJ(uplinks.wifi, verdict.uplinkBytes));
    }
    await onlooker.until(() => energy.at(-1)!.uplinkJ > 0);
    const node = energy.at(-1)!;
    assert.ok(sum.uplinkJ > 0);
    assert.ok(Math.abs(sum.computeJ / node.computeJ - 1) < 1e-9, `${sum.computeJ} and ${node.computeJ}`);
    assert.ok(Math.abs(sum.uplinkJ / node.uplinkJ - 1) < 1e-9, `${sum.uplinkJ} and ${node.uplinkJ}`);
    assert.equal(node.source, "modelled:raspberry-pi-4");
  });

  test("finishes what it accepted when it stops, and says so only afterwards", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "drains");
    const { session } = onlooker;
    const told: string[] = [];
    session.subscribe(
      session.topics.status,
      { site: session.site, node: "drains" },
      ({ value }: { value: Status }) => {
        told.push(`${value.state} after ${onlooker.verdicts.length}`);
        onlooker.tell();
      },
    );
    const edge = await startEdge(broker.url, folder, {
      node: "drains",
      policy: "cloud-only",
      deadline: "400ms",
    });
    for (const id of ["a", "b", "c"]) await onlooker.send("drained", easy, id);
    await onlooker.until(() => onlooker.questions.length === 3);
    await edge.stop();
    await onlooker.until(() => told.at(-1)?.startsWith("stopped") ?? false);
    assert.equal(told.at(-1), "stopped after 3");
    for (const id of ["a", "b", "c"]) {
      const verdict = await onlooker.final(id);
      assert.ok(verdict.outcome === "answered" && verdict.cloud === "late");
    }
  });

  test("is alive before it is ready, waits for its broker, and shows its figures", async () => {
    const wire = await openWire(broker.port);
    wire.cut();
    const httpPort = await freePort();
    const starting = startEdge(wire.url, folder, { node: "early", http: { port: httpPort } });
    const get = (path: string) => fetch(`http://127.0.0.1:${httpPort}${path}`);
    let ready: { ready?: boolean; waitingFor?: string[] } = {};
    while (ready.waitingFor?.includes("model") ?? true) {
      ready = await get("/readyz").then(
        (response) => response.json() as Promise<typeof ready>,
        () => ({}),
      );
    }
    assert.deepEqual(ready, { ready: false, waitingFor: ["broker"] });
    assert.equal((await get("/healthz")).status, 200);
    wire.mend();
    await using _edge = await starting;
    assert.equal((await get("/readyz")).status, 200);
    await using onlooker = await Onlooker.connect(broker.url, "early");
    await onlooker.send("cam", easy, "first");
    await onlooker.final("first");
    const metrics = await (await get("/metrics")).text();
    assert.match(metrics, /meanet_edge_verdicts_total\{exit="main",process="edge"\} 1/);
    assert.match(metrics, /meanet_edge_frames_total\{process="edge"\} 1/);
    await wire.close();
  });
});
