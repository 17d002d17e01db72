// Learning fails, and frames are answered as before.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { quadrantFrames, writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { answerOf, Onlooker, openTestSite, startEdge } from "../site-for-tests.ts";
import { mostCalled, openLearning, teachAll } from "./learning-for-tests.ts";
import { watch } from "./learning-site-for-tests.ts";

const LENGTH = 64;
const DAMAGE = "not a database, but long enough to be taken for one".repeat(100);

const { broker, folder } = await openTestSite();

test("an edge node answers every frame while its items cannot be read: answers of the cloud and labels come, and one failure is told", {
  timeout: 300_000,
}, async () => {
  const node = "unreadable";
  const bundle = join(folder.path, "doubtful");
  await writeQuadrantBundle(bundle, { threshold: 0 });
  const items = join(folder.path, node, "learning", "quadrants-1.0.0");
  await mkdir(items, { recursive: true });
  await writeFile(join(items, "items.sqlite"), DAMAGE);
  await using onlooker = await Onlooker.connect(broker.url, node, (item) =>
    answerOf(item, item.frame[0]! & 3),
  );
  const watched = watch(onlooker, node);
  await using _edge = await startEdge(
    broker.url,
    { path: folder.path, bundle },
    { node, learning: { enabled: true } },
  );
  const { reason } = await watched.step("failed");
  assert.match(reason, /^cannot open .*items\.sqlite/);
  const { frames } = quadrantFrames(20, 13);
  const { session } = onlooker;
  for (let at = 0; at < 20; at++) {
    const id = `q-${at}`;
    await onlooker.send("cam", frames.subarray(at * LENGTH, (at + 1) * LENGTH), id);
    const verdict = await onlooker.final(id);
    assert.ok(verdict.outcome === "answered" && verdict.exit === "cloud");
    await session.publish(session.topics.label, { site: node, device: "cam", id }, { label: at % 4 });
  }
  // Of each frame the cloud's class and the label.
  await onlooker.until(() => watched.stats()?.counters.itemsLost === 40);
  assert.equal(watched.stats()!.counters.trainingsFailed, 1);
  assert.deepEqual(
    watched.steps.map(({ event }) => event),
    ["failed"],
  );
});

describe("learning that fails", { timeout: 600_000 }, () => {
  let root: string;
  let bundle: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-unharmed-"));
    bundle = join(root, "quadrants");
    await writeQuadrantBundle(bundle);
  });
  after(() => rm(root, { recursive: true }));

  /** A node with `bundle`, what it tells, and its clock. */
  async function opened(name: string, changes: object, of = bundle) {
    const told: Training[] = [];
    let nowMs = 1_800_000_000_000;
    const steps = new EventEmitter();
    const dir = join(root, name);
    const node = openLearning(dir, {
      publish: (step) => {
        told.push(step);
        steps.emit(step.event);
      },
      config: changes,
      now: () => nowMs,
    });
    await node.learning.load(of);
    await node.learning.idle();
    return {
      ...node,
      steps,
      folder: join(dir, "learning", "quadrants-1.0.0"),
      events: (event: Training["event"]) => told.filter((step) => step.event === event),
      pass: (ms: number) => {
        nowMs += ms;
      },
    };
  }

  test("goes on without a restart when its items can be stored again, by a tick or a label", async () => {
    await using node = await opened("mended", { trigger: { items: 1000 } });
    const { learning } = node;
    await teachAll(node, { count: 8 });
    assert.equal(learning.items.label, 8);
    const file = new DatabaseSync(join(node.folder, "items.sqlite"));
    file.exec("CREATE TRIGGER full BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'full'); END");
    await teachAll(node, { count: 8, seed: 22 });
    assert.deepEqual([learning.counts.lost, node.events("failed").length, learning.items.label], [8, 1, 8]);
    file.exec("DROP TRIGGER full");
    file.close();
    node.pass(30_000);
    learning.tick();
    await learning.idle();
    assert.deepEqual(
      node.events("collected").map((step) => step.event === "collected" && step.items.label),
      [8],
    );
    await teachAll(node, { count: 8, seed: 23 });
    assert.deepEqual([learning.counts.lost, node.events("failed").length, learning.items.label], [8, 1, 16]);
  });

  test("does not begin a training that cannot be written down, tells it once over labels and ticks, and begins it later", async () => {
    await using node = await opened("unwritable", { trigger: { items: 16 } });
    const { learning } = node;
    // Where the pointer is written first.
    const inTheWay = join(node.folder, "active.json.new");
    await mkdir(inTheWay);
    await teachAll(node, { count: 32 });
    for (let minute = 0; minute < 10; minute++) {
      node.pass(60_000);
      learning.tick();
      await learning.idle();
    }
    assert.equal(node.events("failed").length, 1);
    assert.deepEqual([learning.counts.trainings, learning.items.label], [0, 32]);
    // Who asks is told in any case.
    assert.equal(learning.trainNow(), undefined);
    await learning.idle();
    assert.equal(node.events("failed").length, 2);
    await rmdir(inTheWay);
    await teachAll(node, { count: 16, seed: 24 });
    await learning.idle();
    assert.equal(node.events("started").length, 1);
  });

  test("lets nothing out of a frame, a label or a tick, whatever fails, and tells it once", async () => {
    const told: string[] = [];
    const publish = (step: Training) => {
      if (step.event === "failed") told.push(step.reason);
      else throw new Error("not one step can be told");
    };
    let nowMs = 1_800_000_000_000;
    // Told at every item, and no training begins: the failure of one is its own.
    const changes = { trigger: { items: 10 } };
    await using node = openLearning(join(root, "untold"), { publish, config: changes, now: () => nowMs });
    await node.learning.load(bundle);
    await teachAll(node, { count: 8, by: "cloud" });
    await teachAll(node, { count: 8 });
    nowMs += 60_000;
    node.learning.tick();
    await node.learning.idle();
    assert.deepEqual(told, ["not one step can be told"]);
    assert.deepEqual(node.learning.items, { label: 8, cloud: 0 });
  });

  test("survives a tick whose store is broken, and tells it once", async () => {
    await using node = await opened("ticks", { trigger: { items: 1000 } });
    const { learning } = node;
    await teachAll(node, { count: 8 });
    const file = new DatabaseSync(join(node.folder, "items.sqlite"));
    file.exec("ALTER TABLE item RENAME TO away");
    learning.tick();
    assert.match(JSON.stringify(node.events("failed")), /no such table: item/);
    file.exec("ALTER TABLE away RENAME TO item");
    file.close();
    node.pass(30_000);
    learning.tick();
    await learning.idle();
    assert.deepEqual([learning.items.label, node.events("failed").length], [8, 1]);
  });

  test("proposes hard classes once while a policy cannot write down that it agrees, and agrees later", async () => {
    const { manifest } = await writeQuadrantBundle(join(root, "probed"));
    const all = manifest.classes.map((_, index) => index);
    let called: number;
    {
      await using probe = await opened("probe", {}, join(root, "probed"));
      called = await mostCalled(probe);
    }
    const others = all.filter((index) => index !== called).slice(0, 2);
    await writeQuadrantBundle(join(root, "probed"), { hardClasses: others });
    const changes = { trigger: { items: 1000 }, discovery: { leastItems: 40, mode: "accept" } };
    await using node = await opened("agrees", changes, join(root, "probed"));
    const inTheWay = join(node.folder, "active.json.new");
    await mkdir(inTheWay);
    await teachAll(node);
    await teachAll(node, { seed: 25 });
    node.learning.tick();
    const counts = () =>
      ["proposed", "failed", "agreed"].map((event) => node.events(event as "failed").length);
    assert.deepEqual(counts(), [1, 1, 0]);
    await rmdir(inTheWay);
    const agreed = once(node.steps, "agreed");
    node.learning.tick();
    await agreed;
    assert.deepEqual(counts(), [1, 1, 1]);
  });

  test("leaves the bundle that came in force where its folder cannot be made", async () => {
    const dir = join(root, "no-folder");
    await mkdir(dir);
    await writeFile(join(dir, "learning"), "in the way");
    await using node = await opened("no-folder", {});
    assert.equal(node.models.current("image")!.name, "quadrants@1.0.0");
    assert.ok(node.events("failed").length > 0);
    await teachAll(node, { count: 8 });
    assert.equal(node.learning.counts.lost, 8);
  });
});
