import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { thumbnailOf } from "@meanet/image";
import { type SettingState, settings as settingNames, type Verdict } from "@meanet/protocol";
import { frameBytes, writeTestBundle } from "./bundle-for-tests.ts";

import { Onlooker, openTestSite, startEdge } from "./site-for-tests.ts";

const easy = frameBytes({ 2: 255 });

const { broker, folder } = await openTestSite();

/** Makes every write to a node's journal fail; `mend` ends that. */
function breakJournal(node: string): { mend(): void } {
  const database = new DatabaseSync(join(folder.path, node, "journal.sqlite"));
  database.exec("CREATE TRIGGER broken BEFORE INSERT ON verdict BEGIN SELECT RAISE(ABORT, 'full'); END");
  return {
    mend() {
      database.exec("DROP TRIGGER broken");
      database.close();
    },
  };
}

/** Resolves when the node has told that it could not write a verdict. */
async function sawTrouble(onlooker: Onlooker): Promise<void> {
  const { session } = onlooker;
  let failures = 0;
  const subscribed = session.subscribe(session.topics.stats, { site: session.site }, ({ value }) => {
    failures = value.counters.journalFailures ?? 0;
    onlooker.tell();
  });
  await onlooker.until(() => failures > 0);
  await subscribed.unsubscribe();
}

/** The retained states of a node, as they come. */
function watchStates(onlooker: Onlooker, node: string): Map<string, SettingState> {
  const states = new Map<string, SettingState>();
  const { session } = onlooker;
  session.subscribe(session.topics.state, { site: session.site, edge: node }, ({ params, value }) => {
    states.set(params.setting, value);
    onlooker.tell();
  });
  return states;
}

describe("an edge node over restarts and changes", { timeout: 300_000 }, () => {
  test("answers every QoS 1 frame exactly once when it is killed in the middle of them", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "killed");
    const config = {
      node: "killed",
      site: "killed",
      state: folder.path,
      models: [folder.bundle],
      policy: "cloud-only",
      deadline: "10m",
      mqtt: { url: broker.url },
    };
    const child = fork(new URL("./edge-child-for-tests.ts", import.meta.url), [JSON.stringify(config)]);
    await once(child, "message");
    // Ten frames get their verdict before the kill, by a lower deadline; ten more are in flight then.
    const { session } = onlooker;
    const set = (setting: string, value: unknown) =>
      session.publish(session.topics.set, { site: session.site, edge: "killed", setting }, value);
    const states = watchStates(onlooker, "killed");
    await set("policy", "edge-only");
    await onlooker.until(() => states.get("policy")?.value === "edge-only");
    for (let index = 0; index < 10; index++) await onlooker.send("cam", easy, `kill-${index}`);
    await onlooker.until(() => onlooker.verdicts.length === 10);
    await set("policy", "cloud-only");
    await onlooker.until(() => states.get("policy")?.value === "cloud-only");
    for (let index = 10; index < 20; index++) await onlooker.send("cam", easy, `kill-${index}`);
    await onlooker.until(() => onlooker.questions.length >= 10);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(onlooker.verdicts.length, 10);

    for (let index = 20; index < 25; index++) await onlooker.send("cam", easy, `kill-${index}`);
    await using _edge = await startEdge(broker.url, folder, { node: "killed", deadline: "50ms" });
    await set("deadline", "50ms");
    const bySeq = new Map<number, Verdict>();
    const ids = () => {
      for (const verdict of onlooker.verdicts) bySeq.set(verdict.seq, verdict);
      return [...bySeq.values()].map(({ id }) => id);
    };
    await onlooker.until(() => new Set(ids()).size === 25);
    assert.equal(ids().length, 25);
    assert.deepEqual(
      [...bySeq.keys()].sort((a, b) => a - b),
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
  });

  test("keeps frames that come after its stop for its next start", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "returns");
    const edge = await startEdge(broker.url, folder, { node: "returns" });
    await edge.stop();
    await onlooker.send("cam", easy, "while-away");
    await using _again = await startEdge(broker.url, folder, { node: "returns" });
    assert.equal((await onlooker.final("while-away")).outcome, "answered");
  });

  test("answers what came while its journal failed as soon as that works, without a new connection", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "unwritten");
    await using _edge = await startEdge(broker.url, folder, { node: "unwritten" });
    const journal = breakJournal("unwritten");
    await onlooker.send("cam", easy, "kept");
    await onlooker.send("cam", easy, "kept-qos-0", 0);
    await sawTrouble(onlooker);
    assert.equal(onlooker.verdicts.length, 0);
    journal.mend();
    assert.equal((await onlooker.final("kept")).outcome, "answered");
    assert.equal((await onlooker.final("kept-qos-0")).outcome, "answered");
  });

  test("stops in spite of a journal that fails, and answers at its next start", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "unwritable");
    const edge = await startEdge(broker.url, folder, { node: "unwritable" });
    const journal = breakJournal("unwritable");
    await onlooker.send("cam", easy, "later");
    await sawTrouble(onlooker);
    await edge.stop();
    assert.equal(onlooker.verdicts.length, 0);
    journal.mend();
    await using _again = await startEdge(broker.url, folder, { node: "unwritable" });
    assert.equal((await onlooker.final("later")).outcome, "answered");
  });

  test("publishes journal rows again when a recorder asks", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "replays");
    await using _edge = await startEdge(broker.url, folder, { node: "replays" });
    for (let index = 1; index <= 5; index++) {
      await onlooker.send("cam", easy, `replay-${index}`);
      await onlooker.final(`replay-${index}`);
    }
    const live = [...onlooker.verdicts];
    const { session } = onlooker;
    const ask = (journal: string, from: number, to: number) =>
      session.publish(session.topics.replay, { site: session.site, edge: "replays" }, { journal, from, to });
    await ask("0000000000000000", 1, 5);
    await ask(live[0]!.journal, 2, 4);
    await onlooker.until(() => onlooker.verdicts.length === 8);
    assert.deepEqual(onlooker.verdicts.slice(5), live.slice(1, 4));
  });

  test("applies settings, refuses bad ones with the reason, and keeps them over a restart", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "settable");
    const { session } = onlooker;
    const states = watchStates(onlooker, "settable");
    const set = (setting: string, text: string) =>
      session.publishBytes(
        session.topics.set.format({ site: session.site, edge: "settable", setting }),
        Buffer.from(text),
        session.topics.set,
      );
    const edge = await startEdge(broker.url, folder, { node: "settable" });
    await onlooker.until(() => states.size === settingNames.length);
    assert.deepEqual(
      settingNames.map((setting) => states.get(setting)?.value),
      [0.5, "bundle", "meanet", "2000ms", "three@1.0.0", "off", "idle", "three, one"],
    );

    await set("threshold", "0.9");
    await set("policy", "edge-only");
    await set("deadline", "750ms");
    await onlooker.until(() => states.get("deadline")?.value === "750ms");
    await set("threshold", "lots");
    await set("deadline", "750");
    await set("nonsense", "1");
    await onlooker.until(() => typeof states.get("deadline")?.error === "string");
    assert.equal(states.get("threshold")?.value, 0.9);
    assert.match(states.get("threshold")?.error ?? "", /nats/);
    assert.match(states.get("deadline")?.error ?? "", /duration/);
    await edge.stop();

    states.clear();
    await using _again = await startEdge(broker.url, folder, { node: "settable" });
    await onlooker.until(() => settingNames.every((name) => states.get(name)?.error === null));
    assert.deepEqual(
      settingNames.map((setting) => states.get(setting)?.value),
      [0.9, "bundle", "edge-only", "750ms", "three@1.0.0", "off", "idle", "three, one"],
    );
  });

  test("refuses by name the picture over which its process ended twice, and answers the next", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "watched");
    const limits = { maxBytes: 1000, maxPixels: 1000 };
    const pixels = { format: "raw", pixels: easy, shape: [1, 2, 3] } as const;
    const deadly = await thumbnailOf(pixels, { maxPixels: 96, maxBytesAsItCame: 0, limits });
    const suspect = { picture: createHash("sha256").update(deadly).digest("hex"), ends: 1 };
    mkdirSync(join(folder.path, "watched"));
    const file = join(folder.path, "watched", "decoding.json");
    writeFileSync(file, JSON.stringify({ running: true, suspect, refused: [] }));
    const edge = await startEdge(broker.url, folder, { node: "watched" });
    await onlooker.send("cam", deadly, "deadly");
    await onlooker.send("cam", easy, "next");
    const refused = await onlooker.final("deadly");
    assert.ok(refused.outcome === "refused" && refused.reason === "undecodable");
    assert.match(refused.detail, /ended 2 times/);
    assert.equal((await onlooker.final("next")).outcome, "answered");
    await edge.stop();
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { running: false, refused: [suspect.picture] });
  });

  test("takes no request that is retained: it would be made again with every connection", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "retained");
    const { session } = onlooker;
    const params = { site: session.site, edge: "retained" };
    const states = watchStates(onlooker, "retained");
    for (const [setting, value] of [
      ["train", "now"],
      ["hard-classes", "accept"],
    ] as const) {
      const name = session.topics.set.format({ ...params, setting });
      await session.publishBytes(name, Buffer.from(value), { qos: 1, retain: true });
    }
    await using _edge = await startEdge(broker.url, folder, { node: "retained" });
    await session.publish(session.topics.set, { ...params, setting: "threshold" }, 0.7);
    await onlooker.until(() => states.get("threshold")?.value === 0.7);
    assert.deepEqual([states.get("train")?.error, states.get("hard-classes")?.error], [null, null]);
  });

  test("replays once for a request that is retained, not with every connection", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "replays");
    const { session } = onlooker;
    {
      await using _edge = await startEdge(broker.url, folder, { node: "replays" });
      await onlooker.send("cam", easy, "first");
      const { journal, seq } = await onlooker.final("first");
      const name = session.topics.replay.format({ site: session.site, edge: "replays" });
      const request = session.topics.replay.encode({ journal, from: seq, to: seq });
      await session.publishBytes(name, request, { qos: 1, retain: true });
      await onlooker.until(() => onlooker.finals("first").length === 2);
    }
    await using _again = await startEdge(broker.url, folder, { node: "replays" });
    await onlooker.send("cam", easy, "second");
    await onlooker.final("second");
    assert.equal(onlooker.finals("first").length, 2);
  });

  test("changes its bundle under load without losing a frame, and stays with the old one when the new one fails", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "swaps");
    const { session } = onlooker;
    const second = await writeTestBundle(folder.path, { version: "2.0.0", threshold: 1.5 });
    const broken = await writeTestBundle(folder.path, { version: "3.0.0", brokenMain: true });
    const states = watchStates(onlooker, "swaps");
    const setModel = (value: string) =>
      session.publish(session.topics.set, { site: session.site, edge: "swaps", setting: "model" }, value);
    const edge = await startEdge(broker.url, folder, { node: "swaps" });
    await onlooker.until(() => states.has("model"));

    let sent = 0;
    const sendSome = async () => {
      for (let index = 0; index < 5; index++) await onlooker.send("cam", easy, `swap-${sent++}`);
    };
    await sendSome();
    await setModel(second);
    while (states.get("model")?.value !== "three@2.0.0") await sendSome();
    await sendSome();
    await setModel(broken);
    while (states.get("model")?.error === null) await sendSome();
    await sendSome();
    await onlooker.until(() => onlooker.verdicts.length >= sent);
    assert.equal(onlooker.verdicts.length, sent);
    const models = onlooker.verdicts.map((verdict) => verdict.outcome === "answered" && verdict.model);
    assert.deepEqual([...new Set(models)], ["three@1.0.0", "three@2.0.0"]);
    assert.equal(models.at(-1), "three@2.0.0");
    assert.equal(states.get("model")?.value, "three@2.0.0");
    assert.match(states.get("model")?.error ?? "", /main/);
    await onlooker.until(() => states.get("threshold")?.value === 1.5);
    await edge.stop();

    states.clear();
    await using _again = await startEdge(broker.url, folder, { node: "swaps" });
    await onlooker.until(() => states.get("model")?.value === "three@2.0.0");
  });

  test("shares the frames of its site with another edge node: each frame goes to one", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "shared");
    await using _left = await startEdge(broker.url, folder, { node: "left", site: "shared" });
    await using _right = await startEdge(broker.url, folder, { node: "right", site: "shared" });
    await Promise.all(Array.from({ length: 40 }, (_, index) => onlooker.send("cam", easy, `share-${index}`)));
    await onlooker.until(() => onlooker.verdicts.length >= 40);
    const edges = onlooker.verdicts.map(({ edge }) => edge);
    assert.equal(onlooker.verdicts.length, 40);
    assert.ok(edges.includes("left") && edges.includes("right"));
  });

  test("gives its share of the site to the others when it leaves for good", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "left-site");
    await using _stays = await startEdge(broker.url, folder, { node: "stays", site: "left-site" });
    const leaves = await startEdge(broker.url, folder, {
      node: "leaves",
      site: "left-site",
      onStop: "leave",
    });
    await leaves.stop();
    await Promise.all(Array.from({ length: 20 }, (_, index) => onlooker.send("cam", easy, `left-${index}`)));
    await onlooker.until(() => onlooker.verdicts.length === 20);
    assert.ok(onlooker.verdicts.every(({ edge }) => edge === "stays"));
  });
});
