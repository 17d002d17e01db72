import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { writeQuadrantBundle } from "@meanet/models/testing";
import { waitUntil } from "@meanet/session/testing";
import { openLearning, teachAll } from "./learning-for-tests.ts";

const NOT_YET = "no bundle is in force";

let root: string;
let bundle: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-changed-bundle-"));
  bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle, { reference: 0 });
});
after(() => rm(root, { recursive: true }));

/** The same networks under another name. */
async function writeOtherBundle(): Promise<string> {
  const other = join(root, "others");
  await cp(bundle, other, { recursive: true });
  const file = join(other, "manifest.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"quadrants"', '"others"'));
  return other;
}

/** A node's folder in which an extension is on trial. */
async function learnOnce(name: string): Promise<string> {
  const folder = join(root, name);
  await using node = openLearning(folder);
  await node.learning.load(bundle);
  await teachAll(node);
  await node.learning.idle();
  assert.equal(node.learning.progress, "on trial");
  return folder;
}

const threads = () => process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;

describe("learning whose bundle changes", { timeout: 600_000 }, () => {
  test("leaves another bundle in force that is set while what it learned opens", async () => {
    const other = await writeOtherBundle();
    const opens = Promise.withResolvers<void>();
    const mayOpen = Promise.withResolvers<void>();
    await using node = openLearning(join(root, "another"), {
      beforeOpen: async (folder) => {
        if (!folder.includes("+")) return;
        opens.resolve();
        await mayOpen.promise;
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    await opens.promise;
    const loading = node.learning.load(other);
    while (node.models.names[0] !== "others@1.0.0") await nextTurn();
    mayOpen.resolve();
    await loading;
    assert.deepEqual(node.models.names, ["others@1.0.0"]);
  });

  test("leaves nothing in force that nobody wrote down, and so nobody could roll back", async () => {
    const folder = join(root, "unwritten");
    // Where the pointer is written first.
    const inTheWay = join(folder, "learning", "quadrants-1.0.0", "active.json.new");
    const events: string[] = [];
    await using node = openLearning(folder, {
      publish: ({ event }) => {
        events.push(event);
        if (event === "accepted") mkdirSync(inTheWay);
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    await node.learning.idle();
    assert.deepEqual(events.slice(events.indexOf("accepted")), ["accepted", "failed"]);
    assert.deepEqual(node.models.names, ["quadrants@1.0.0"]);
  });

  test("begins no training before the trial of before goes on", async () => {
    const folder = await learnOnce("goes-on");
    await using node = openLearning(folder);
    const loading = node.learning.load(bundle);
    let why: string | undefined = NOT_YET;
    while (why === NOT_YET) {
      await nextTurn();
      why = node.learning.trainNow();
    }
    await loading;
    assert.match(why ?? "it began", /still on trial/);
  });

  test("leaves no engine behind when it ends while a bundle is loaded", async () => {
    const folder = await learnOnce("ends");
    const before = threads();
    const isRegistered = (node: ReturnType<typeof openLearning>) => node.learning.trainNow() !== NOT_YET;
    const isServed = (node: ReturnType<typeof openLearning>) => node.models.names.length > 0;
    for (const reached of [() => true, isServed, isRegistered]) {
      const node = openLearning(folder);
      const loading = node.learning.load(bundle);
      while (!reached(node)) await nextTurn();
      await node[Symbol.asyncDispose]();
      await loading;
    }
    await waitUntil("its threads are gone", threads, (left) => left <= before);
  });
});
