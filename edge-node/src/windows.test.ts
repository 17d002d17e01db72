import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { computeJ, deviceProfiles, uplinkJ, uplinks } from "@meanet/energy";
import {
  decodeWindow,
  type NodeEnergy,
  type Stats,
  type Status,
  type Verdict,
  verdictSchema,
} from "@meanet/protocol";
import { frameBytes, MACS, windowBytes, writeTestBundle } from "./bundle-for-tests.ts";
import { answerOf, Onlooker, openTestSite, startEdge } from "./site-for-tests.ts";

const picture = { easy: frameBytes({ 2: 255 }), hard: frameBytes({ 1: 255, 4: 255 }) };
const window = {
  easy: windowBytes({ 2: 1 }),
  /** Main says class one, the extension corrects it to three. */
  hard: windowBytes({ 1: 1, 4: 1 }),
  /** Main hesitates between zero and two: entropy ln 2. */
  complex: windowBytes({ 0: 1, 2: 1 }),
};
const pi = deviceProfiles["raspberry-pi-4"];

const { broker, folder } = await openTestSite();

/** What a frame became: label, exit and model, or the reason of its refusal. */
function summary(verdict: Verdict): string {
  const read = verdictSchema.parse(verdict);
  return read.outcome === "answered" ? `${read.label} ${read.exit} ${read.model}` : read.reason;
}

describe("an edge node with a bundle for pictures and one for sensor windows", { timeout: 300_000 }, () => {
  test("answers each by its own bundle, side by side, and says which it serves", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "both");
    const { session } = onlooker;
    const about = { site: session.site, node: "both" };
    const seen: { status?: Status; stats?: Stats } = {};
    session.subscribe(session.topics.status, about, ({ value }) => {
      seen.status = value;
      onlooker.tell();
    });
    session.subscribe(session.topics.stats, about, ({ value }) => {
      seen.stats = value;
      onlooker.tell();
    });
    await using _edge = await startEdge(broker.url, folder, {
      node: "both",
      models: [folder.bundle, folder.windows],
    });
    await Promise.all([
      onlooker.send("cam", picture.easy, "p-easy"),
      onlooker.sendWindow("imu", window.easy, "w-easy"),
      onlooker.send("cam", picture.hard, "p-hard"),
      onlooker.sendWindow("imu", window.hard, "w-hard"),
      onlooker.sendWindow("imu", Buffer.from("[[0,0,1],[10,10,10]]"), "w-json"),
    ]);
    for (const [id, expected] of [
      ["p-easy", "two main three@1.0.0"],
      ["w-easy", "two main motion@1.0.0"],
      ["p-hard", "three extension three@1.0.0"],
      ["w-hard", "three extension motion@1.0.0"],
      ["w-json", "two main motion@1.0.0"],
    ] as const) {
      assert.equal(summary(await onlooker.final(id)), expected, id);
    }
    const hard = await onlooker.final("w-hard");
    assert.ok(hard.outcome === "answered");
    assert.equal(hard.energy.mainJ, computeJ(pi, MACS.main));
    assert.equal(hard.energy.extensionJ, computeJ(pi, MACS.adaptive + MACS.extension));
    assert.deepEqual(seen.status?.models, ["three@1.0.0", "motion@1.0.0"]);
    await onlooker.until(() => seen.stats?.counters.verdicts === 5);
    assert.deepEqual(seen.stats?.models, { "three@1.0.0": 2, "motion@1.0.0": 3 });
  });

  test("refuses a window that is none, by reason, and goes on", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "odd-windows");
    await using _edge = await startEdge(broker.url, folder, {
      node: "odd-windows",
      models: [folder.bundle, folder.windows],
      limits: { frameBytes: 1000 },
    });
    const nan = windowBytes({});
    new DataView(nan.buffer).setFloat32(0, Number.NaN, true);
    const hostile: [string, Uint8Array, string][] = [
      ["empty", new Uint8Array(), "wrong-size"],
      ["short", window.easy.subarray(4), "wrong-size"],
      ["half", window.easy.subarray(2), "wrong-size"],
      ["rows", Buffer.from("[[1,2,3]]"), "wrong-size"],
      ["nan", nan, "undecodable"],
      ["text", Buffer.from("[[1,2,3],[1,2"), "undecodable"],
      ["ragged", Buffer.from("[[1,2,3],[1,2]]"), "undecodable"],
      ["large", new Uint8Array(1001), "too-large"],
      ["overflow", windowBytes({ 0: 3e38, 1: -3e38 }), "inference-failed"],
    ];
    for (const [id, payload] of hostile) await onlooker.sendWindow("imu", payload, id);
    for (const [id, , reason] of hostile) assert.equal(summary(await onlooker.final(id)), reason, id);
    await onlooker.sendWindow("imu", window.easy, "after");
    assert.equal(summary(await onlooker.final("after")), "two main motion@1.0.0");
  });

  test("refuses what no bundle takes, and serves it once one is set", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "windows-only");
    const { session } = onlooker;
    await using _edge = await startEdge(broker.url, folder, {
      node: "windows-only",
      models: [folder.windows],
    });
    await onlooker.send("cam", picture.easy, "too-early");
    assert.equal(summary(await onlooker.final("too-early")), "unsupported");
    await onlooker.sendWindow("imu", window.easy, "served");
    assert.equal(summary(await onlooker.final("served")), "two main motion@1.0.0");

    const states = new Map<string, unknown>();
    session.subscribe(session.topics.state, { site: session.site, edge: "windows-only" }, (message) => {
      states.set(message.params.setting, message.value.value);
      onlooker.tell();
    });
    const set = (setting: string, value: unknown) =>
      session.publish(session.topics.set, { site: session.site, edge: "windows-only", setting }, value);
    await set("model", folder.bundle);
    await onlooker.until(() => states.get("model") === "three@1.0.0, motion@1.0.0");
    await onlooker.send("cam", picture.easy, "now");
    assert.equal(summary(await onlooker.final("now")), "two main three@1.0.0");

    await set("model", await writeTestBundle(folder.path, { kind: "window", version: "2.0.0" }));
    await onlooker.until(() => states.get("model") === "three@1.0.0, motion@2.0.0");
    await onlooker.sendWindow("imu", window.easy, "swapped");
    assert.equal(summary(await onlooker.final("swapped")), "two main motion@2.0.0");
  });

  test("has a threshold for each, and asks the cloud about a window as it came", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "complex-windows", (item) => answerOf(item, 4));
    const { session } = onlooker;
    const energy: NodeEnergy[] = [];
    session.subscribe(session.topics.energy, { site: session.site }, ({ value }) => {
      energy.push(value);
      onlooker.tell();
    });
    const edge = await startEdge(broker.url, folder, {
      node: "complex-windows",
      models: [folder.bundle, folder.windows],
      threshold: 2,
    });
    await onlooker.sendWindow("imu", window.complex, "window");
    await onlooker.send("cam", frameBytes({ 0: 255, 2: 255 }), "picture");
    await onlooker.sendWindow("imu", window.hard, "hard");
    const answered = await onlooker.final("window");
    assert.equal(summary(answered), "four cloud motion@1.0.0");
    assert.match(summary(await onlooker.final("picture")), / main three@1.0.0$/);
    await onlooker.final("hard");
    const [question] = onlooker.questions;
    assert.deepEqual(
      [onlooker.questions.length, question?.format, question?.model],
      [1, "window", "motion@1.0.0"],
    );
    assert.deepEqual(decodeWindow(question!.frame, [2, 3]), decodeWindow(window.complex, [2, 3]));

    await edge.stop();
    const sum = { computeJ: 0, uplinkJ: 0 };
    for (const verdict of onlooker.verdicts) {
      assert.ok(verdict.outcome === "answered");
      sum.computeJ += verdict.energy.mainJ + verdict.energy.extensionJ;
      sum.uplinkJ += verdict.energy.uplinkJ;
    }
    assert.ok(answered.outcome === "answered");
    assert.equal(sum.uplinkJ, uplinkJ(uplinks.wifi, answered.uplinkBytes));
    await onlooker.until(() => energy.at(-1)?.uplinkJ === sum.uplinkJ);
    assert.ok(Math.abs(sum.computeJ / energy.at(-1)!.computeJ - 1) < 1e-9);
  });

  test("lets windows through while pictures overflow their queue", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "crowded");
    await using _edge = await startEdge(broker.url, folder, {
      node: "crowded",
      models: [folder.bundle, folder.windows],
      policy: "cloud-only",
      deadline: "500ms",
      limits: { working: 1, waiting: 1 },
    });
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => onlooker.send("cam", picture.easy, `crowd-${index}`)),
    );
    await onlooker.sendWindow("imu", window.easy, "window");
    assert.equal(summary(await onlooker.final("window")), "two main motion@1.0.0");
    await onlooker.until(() => onlooker.verdicts.length === 21);
    const refused = onlooker.verdicts.filter(({ outcome }) => outcome === "refused");
    assert.ok(refused.length > 0 && refused.every(({ device }) => device === "cam"));
  });
});
