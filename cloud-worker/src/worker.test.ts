import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { computeJ, deviceProfile } from "@meanet/energy";
import { softmax } from "@meanet/models";
import type { CloudAnswer, ComplexItem } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { type Mosquitto, openWire, startMosquitto } from "@meanet/session/testing";
import { encodePng } from "./png-for-tests.ts";
import { openTestSite } from "./site-for-tests.ts";
import { tiny, tinyFrame, tinyWindow, windowOf, writeTinyBundle } from "./tiny-bundle-for-tests.ts";

let mosquitto: Mosquitto;
let bundle: string;
before(async () => {
  mosquitto = await startMosquitto();
  bundle = await writeTinyBundle();
});
after(async () => {
  await mosquitto.stop();
  rmSync(dirname(bundle), { recursive: true });
});

/** A site of its own on the broker that all tests share. */
const openSite = (context: TestContext) => openTestSite(context, { broker: mosquitto, bundle });

function codeOf(answer: CloudAnswer): string {
  return answer.outcome === "failed" ? answer.code : answer.outcome;
}

describe("worker", () => {
  test("answers a frame with its classes, most probable first, and what it cost", async (context) => {
    const lab = await openSite(context);
    const { node } = await lab.worker();
    await lab.ask("one", { frame: tinyFrame(2), attempt: 3 });
    await lab.until(() => lab.answers.length === 1);
    const answer = lab.answerTo("one");
    assert.ok(answer.outcome === "answered");
    const probabilities = softmax([0, 0, tiny.gain]);
    assert.deepEqual(
      answer.classes.map(({ classIndex, label }) => [classIndex, label]),
      [
        [2, "south-west"],
        [0, "north-west"],
        [1, "north-east"],
      ],
    );
    for (const { classIndex, probability } of answer.classes) {
      assert.ok(Math.abs(probability - probabilities[classIndex]!) < 1e-6);
    }
    assert.equal(answer.worker, node);
    assert.equal(answer.attempt, 3);
    assert.equal(answer.model, tiny.name);
    assert.equal(answer.energySource, "modelled:x86-server");
    assert.ok(Math.abs(answer.energyJ / computeJ(deviceProfile("x86-server"), tiny.macs) - 1) < 1e-9);
  });

  test("reads a PNG of any size, raw bytes and normalised floats alike", async (context) => {
    const lab = await openSite(context);
    await lab.worker();
    const large = Uint8Array.from({ length: 64 }, (_, index) => (index < 32 && index % 8 >= 4 ? 255 : 0));
    await lab.ask("png", { format: "png", frame: encodePng(large, 8, 8) });
    await lab.ask("bytes", { frame: tinyFrame(1) });
    await lab.ask("floats", { frame: new Uint8Array(Float32Array.of(0, 1, 0, 0).buffer) });
    await lab.until(() => lab.answers.length === 3);
    for (const id of ["png", "bytes", "floats"]) {
      const answer = lab.answerTo(id);
      assert.equal(answer.outcome === "answered" && answer.classes[0]!.label, "north-east", id);
    }
  });

  test("names what is wrong with one item, and answers the others", async (context) => {
    const lab = await openSite(context);
    await lab.worker();
    const png = encodePng(new Uint8Array(64), 8, 8);
    const broken: Record<string, [Partial<ComplexItem>, string]> = {
      "wrong-size": [{ frame: new Uint8Array(5) }, "WRONG_SIZE"],
      empty: [{ frame: new Uint8Array(0) }, "WRONG_SIZE"],
      "cut-off": [{ format: "png", frame: png.slice(0, 40) }, "IMAGE_UNDECODABLE"],
      "not-a-jpeg": [{ format: "jpeg", frame: png }, "IMAGE_UNDECODABLE"],
      "not-finite": [
        { frame: new Uint8Array(Float32Array.of(0, Number.NaN, 0, 0).buffer) },
        "IMAGE_UNDECODABLE",
      ],
      "beyond-numbers": [
        { frame: new Uint8Array(Float32Array.of(3e38, 0, 0, 0).buffer) },
        "INFERENCE_FAILED",
      ],
      "another-model": [{ model: "tiny@2.0.0" }, "MODEL_MISMATCH"],
      "too-late": [{ remainingMs: 0 }, "DEADLINE"],
    };
    const good = Array.from({ length: 20 }, (_, index) => `good-${index}`);
    await Promise.all([
      ...Object.entries(broken).map(([id, [item]]) => lab.ask(id, item)),
      ...good.map((id) => lab.ask(id)),
    ]);
    await lab.until(() => lab.answers.length === good.length + Object.keys(broken).length);
    for (const id of good) assert.equal(codeOf(lab.answerTo(id)), "answered", id);
    for (const [id, [, code]] of Object.entries(broken)) assert.equal(codeOf(lab.answerTo(id)), code, id);
  });

  test("bears payloads that are no items, and items that belong to another topic", async (context) => {
    const lab = await openSite(context);
    await lab.worker();
    const { topics, site } = lab.session;
    const name = (id: string) => topics.complex.format({ site, edge: lab.edge, id });
    await lab.session.publishBytes(name("random"), Buffer.from("9a06000000", "hex"), {
      qos: 1,
      retain: false,
    });
    await lab.ask("stray", { id: "other" });
    await lab.ask("stray-edge", { edge: "edge-of-others" });
    await lab.ask("good");
    await lab.until(() => lab.answers.length > 0);
    assert.deepEqual(
      lab.answers.map(({ id }) => id),
      ["good"],
    );
  });

  test("answers every copy of an item", async (context) => {
    const lab = await openSite(context);
    await lab.worker();
    await Promise.all([1, 2, 3].map((attempt) => lab.ask("again", { attempt })));
    await lab.until(() => lab.answers.length === 3);
    assert.deepEqual(new Set(lab.answers.map(({ attempt }) => attempt)), new Set([1, 2, 3]));
    assert.ok(lab.answers.every((answer) => answer.outcome === "answered"));
  });

  test("answers each of many items exactly once when its queue overflows", async (context) => {
    const lab = await openSite(context);
    await lab.worker({ limits: { working: 1, waiting: 2, batch: 1 } });
    const ids = Array.from({ length: 300 }, (_, index) => `item-${index}`);
    await Promise.all(ids.map((id) => lab.ask(id)));
    await lab.until(() => lab.answers.length === ids.length);
    assert.deepEqual(lab.answers.map(({ id }) => id).sort(), [...ids].sort());
    assert.deepEqual(
      lab.answers.map(codeOf).filter((code) => code !== "answered" && code !== "OVERLOAD"),
      [],
    );
  });

  test("shares the items with the other workers of its group, and gives each item its own answer", async (context) => {
    const lab = await openSite(context);
    const workers = [await lab.worker(), await lab.worker()];
    const ids = Array.from({ length: 60 }, (_, index) => `item-${index}`);
    await Promise.all(ids.map((id, index) => lab.ask(id, { frame: tinyFrame(index % 3) })));
    await lab.until(() => lab.answers.length === ids.length);
    assert.deepEqual(lab.answers.map(({ id }) => id).sort(), [...ids].sort());
    for (const [index, id] of ids.entries()) {
      const answer = lab.answerTo(id);
      assert.equal(answer.outcome === "answered" && answer.classes[0]!.classIndex, index % 3, id);
    }
    for (const { node } of workers)
      assert.ok(
        lab.answers.some(({ worker }) => worker === node),
        node,
      );
  });

  test("answers what it has taken before it stops, and leaves the rest to others", async (context) => {
    const lab = await openSite(context);
    const leaving = await lab.worker();
    const staying = await lab.worker();
    const ids = Array.from({ length: 400 }, (_, index) => `item-${index}`);
    const published = Promise.all(ids.map((id) => lab.ask(id)));
    await lab.until(() => lab.answers.some(({ worker }) => worker === leaving.node));
    await leaving.stop();
    await published;
    await lab.until(() => lab.answers.length === ids.length);
    assert.deepEqual(lab.answers.map(({ id }) => id).sort(), [...ids].sort());
    const states = lab.statuses.filter(({ kind }) => kind === "worker").map(({ state }) => state);
    assert.ok(states.includes("stopped") && !states.includes("offline"), states.join());
    await staying.stop();
  });

  test("tells its state, its counts and its joules, which are the sum of its answers'", async (context) => {
    const lab = await openSite(context);
    const worker = await lab.worker();
    await lab.until(() => lab.statuses.length > 0);
    const [status] = lab.statuses;
    assert.deepEqual([status?.state, status?.kind, status?.models], ["online", "worker", [tiny.name]]);
    await Promise.all(["a", "b", "c"].map((id) => lab.ask(id)));
    await lab.ask("late", { remainingMs: 0 });
    await lab.until(() => lab.answers.length === 4);
    await worker.stop();
    await lab.until(() => lab.energies.at(-1)?.computeJ !== 0 && lab.stats.at(-1)?.counters.items === 4);
    const { counters, drops } = lab.stats.at(-1)!;
    assert.equal(counters.answered, 3);
    assert.equal(counters.failed, 1);
    assert.deepEqual(drops, { DEADLINE: 1 });
    const answeredJ = lab.answers.reduce(
      (sum, answer) => sum + (answer.outcome === "answered" ? answer.energyJ : 0),
      0,
    );
    assert.ok(Math.abs(lab.energies.at(-1)!.computeJ / answeredJ - 1) < 1e-9);
  });

  test("is ready when model and broker are there, and shows its metrics", async (context) => {
    const lab = await openSite(context);
    const { http } = await lab.worker();
    assert.equal((await fetch(`${http!.url}/readyz`)).status, 200);
    await lab.ask("one");
    await lab.until(() => lab.answers.length === 1);
    const metrics = await (await fetch(`${http!.url}/metrics`)).text();
    assert.match(metrics, /^meanet_worker_answers_total\{outcome="answered",process="worker"\} 1$/m);
    assert.match(metrics, /^meanet_worker_batch_items_count\{process="worker"\} 1$/m);
  });

  test("runs on the next provider when the wished one does not start, and says so", async (context) => {
    const lab = await openSite(context);
    await lab.worker({ engine: { providers: ["cuda", "cpu"] }, statsInterval: "20ms" });
    await lab.ask("one");
    await lab.until(() => lab.answers.length === 1);
    assert.equal(codeOf(lab.answerTo("one")), "answered");
    await lab.until(() => lab.stats.length > 0);
    const { engineFallbacks, engineCrashes } = lab.stats.at(-1)!.counters;
    assert.deepEqual([engineFallbacks, engineCrashes], [1, 0]);
  });

  test("waits for a broker that is not there yet, and goes on after the connection was lost", async (context) => {
    const lab = await openSite(context);
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    wire.cut();
    const starting = lab.worker({
      mqtt: { url: wire.url, reconnectInterval: "20ms" },
      // So that stats come only with a connection.
      statsInterval: "1h",
    });
    wire.mend();
    const { http } = await starting;
    await lab.until(() => lab.stats.length === 1);
    wire.cut();
    await lab.until(() => lab.statuses.at(-1)?.state === "offline");
    assert.deepEqual(await (await fetch(`${http!.url}/readyz`)).json(), {
      ready: false,
      waitingFor: ["broker"],
    });
    wire.mend();
    // Published when the subscriptions are in place again, unlike the status.
    await lab.until(() => lab.stats.length === 2);
    await lab.ask("one");
    await lab.until(() => lab.answers.length === 1);
    assert.equal(codeOf(lab.answerTo("one")), "answered");
  });

  test("answers pictures and windows by the bundle that each names", async (context) => {
    const lab = await openSite(context);
    const windows = await writeTinyBundle({ kind: "window" });
    context.after(() => rmSync(dirname(windows), { recursive: true }));
    await lab.worker({ models: [bundle, windows] });
    await lab.until(() => lab.statuses.length > 0);
    assert.deepEqual(lab.statuses[0]?.models, [tiny.name, tinyWindow.name]);
    const model = tinyWindow.name;
    const items: Record<string, [Partial<ComplexItem>, string]> = {
      picture: [{ frame: tinyFrame(1) }, "north-east"],
      floats: [{ model, format: "window", frame: windowOf(2) }, "south-west"],
      rows: [{ model, format: "window", frame: Buffer.from("[[1,0],[10,10]]") }, "north-west"],
      "wrong-size": [{ model, format: "window", frame: new Uint8Array(12) }, "WRONG_SIZE"],
      "no-json": [{ model, format: "window", frame: Buffer.from("[[1,0],[10") }, "PAYLOAD_INVALID"],
      "picture-for-windows": [{ model, frame: tinyFrame(1) }, "INPUT_KIND_UNSUPPORTED"],
      "window-for-pictures": [{ format: "window", frame: windowOf(0) }, "INPUT_KIND_UNSUPPORTED"],
    };
    await Promise.all(Object.entries(items).map(([id, [item]]) => lab.ask(id, item)));
    await lab.until(() => lab.answers.length === Object.keys(items).length);
    for (const [id, [item, expected]] of Object.entries(items)) {
      const answer = lab.answerTo(id);
      if (answer.outcome === "failed") assert.equal(answer.code, expected, id);
      else
        assert.deepEqual([answer.classes[0]!.label, answer.model], [expected, item.model ?? tiny.name], id);
    }
  });

  test("does not start on a bundle without a cloud network, nor without any", async (context) => {
    const lab = await openSite(context);
    const edgeOnly = await writeTinyBundle({ cloud: false });
    context.after(() => rmSync(dirname(edgeOnly), { recursive: true }));
    await assert.rejects(lab.worker({ models: [edgeOnly] }), (error) =>
      isMeanetError(error, "BUNDLE_INVALID"),
    );
    await assert.rejects(lab.worker({ models: [bundle, bundle] }), (error) =>
      isMeanetError(error, "CONFIG_INVALID"),
    );
    await assert.rejects(lab.worker({ models: ["/nowhere"] }), (error) =>
      isMeanetError(error, "BUNDLE_MISSING"),
    );
  });
});
