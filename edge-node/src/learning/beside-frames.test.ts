import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { mostCalled, openLearning, teachAll } from "./learning-for-tests.ts";

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-beside-"));
});
after(() => rm(root, { recursive: true }));

/** Nice values of the threads of this process, by the kernel: the 19th field of each, counted behind the name. */
function threadPriorities(): number[] {
  return readdirSync("/proc/self/task").map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

describe("learning beside frames", { timeout: 300_000 }, () => {
  test("waits while frames wait, which are answered meanwhile, and goes on when they are gone", async () => {
    const bundle = join(root, "busy");
    await writeQuadrantBundle(bundle);
    const priorityBefore = getPriority();
    const epochs: Extract<Training, { event: "epoch" }>[] = [];
    let judged: Extract<Training, { event: "accepted" | "refused" }> | undefined;
    let priorities: readonly number[] | undefined;
    let answered: Promise<unknown> | undefined;
    await using node = openLearning(join(root, "busy-node"), {
      publish: (step) => {
        if (step.event === "accepted" || step.event === "refused") judged = step;
        if (step.event !== "epoch") return;
        epochs.push(step);
        if (step.epoch === 1) node.learning.setLoad(8);
      },
      config: { training: { epochs: 8, rate: 0.05, batch: 16 } },
      onChange: () => {
        if (node.learning.progress !== "training 1: waits for frames in service") return;
        priorities ??= threadPriorities();
        answered ??= answerFrames(20).then(() => {
          // More than half of what made it wait: it still does.
          node.learning.setLoad(5);
          node.learning.setLoad(4);
        });
      },
    });
    const answerFrames = async (count: number) => {
      const model = node.models.current("image")!;
      for (let frame = 0; frame < count; frame++) {
        await model.runMain([new Float32Array(64)]);
        node.learning.answered(frame);
      }
    };
    await node.learning.load(bundle);
    // Before the training: none of its figures.
    node.learning.answered(1000);
    await teachAll(node);
    await node.learning.idle();
    await answered;
    assert.ok(answered !== undefined);
    // One thread has stepped back, the one that learns; sockets and engines have not.
    assert.equal(priorities!.filter((priority) => priority === 19).length, 1);
    assert.equal(getPriority(), priorityBefore);
    assert.equal(epochs.length, 8);
    assert.equal(epochs[0]!.pausedMs, 0);
    assert.deepEqual(
      [epochs[0]!.latencyP99Ms, epochs.at(-1)!.latencyP99Ms, judged!.latencyP99Ms],
      [undefined, 19, 19],
    );
    assert.ok(
      epochs.some(({ pausedMs }) => pausedMs > 0),
      epochs.map(({ pausedMs }) => pausedMs).join(),
    );
  });

  test("ends with the node, also when it has only just begun", async () => {
    const bundle = join(root, "ends");
    await writeQuadrantBundle(bundle);
    const told: Training[] = [];
    {
      await using node = openLearning(join(root, "ends-node"), {
        publish: (step) => told.push(step),
        config: { trigger: { items: 1000 } },
      });
      await node.learning.load(bundle);
      await teachAll(node);
      assert.equal(node.learning.trainNow(), undefined);
    }
    const began = told.findIndex((step) => step.event === "started");
    assert.deepEqual(
      told.slice(began + 1).map(({ event }) => event),
      [],
    );
  });

  test("proposes hard classes from live labels; agreed to, they are those of the next extension", async () => {
    const bundle = join(root, "discovers");
    await writeQuadrantBundle(bundle);
    let called: number;
    {
      await using probe = openLearning(join(root, "probe"));
      await probe.learning.load(bundle);
      // Untrained, main calls nearly every frame the same.
      called = await mostCalled(probe);
    }

    const others = [0, 1, 2, 3].filter((index) => index !== called).slice(0, 2);
    await writeQuadrantBundle(bundle, { hardClasses: others });
    const told: Training[] = [];
    await using node = openLearning(join(root, "discovers-node"), {
      publish: (step) => told.push(step),
      config: {
        trigger: { items: 1000 },
        discovery: { mode: "propose", leastItems: 20 },
        margins: { leastItems: 4, gain: 0, loss: 1 },
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    const proposed = told.find((step) => step.event === "proposed");
    const name = node.models.current("image")!.classes[called]!;
    assert.deepEqual([proposed?.becomeHard, proposed?.becomeEasy], [[name], []]);
    assert.match(node.learning.hardClasses, new RegExp(`; proposed: .*${name}$`));
    assert.equal(await node.learning.acceptHardClasses(), true);
    assert.equal(await node.learning.acceptHardClasses(), false);
    assert.match(node.learning.hardClasses, new RegExp(`; agreed: .*${name}$`));
    const before = node.learning.items.label;
    await teachAll(node, { seed: 22 });
    // Half of the frames were of a hard class; now three quarters are.
    assert.deepEqual([before, node.learning.items.label - before], [32, 48]);
    assert.equal(node.learning.trainNow(), undefined);
    await node.learning.idle();
    const { manifest } = node.models.current("image")!;
    assert.deepEqual(manifest.hardClasses, [...others, called], JSON.stringify(told.at(-1)));
    assert.doesNotMatch(node.learning.hardClasses, /agreed/);
  });

  test("gives up the items of a class that was agreed to be easy", async () => {
    const bundle = join(root, "eases");
    await writeQuadrantBundle(bundle);
    await using node = openLearning(join(root, "eases-node"), {
      config: {
        trigger: { items: 1000 },
        // Untrained, main calls nearly every frame the same, and is right with a quarter of them.
        discovery: { hardBelow: 0.05, easyAbove: 0.1, leastItems: 20 },
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    assert.equal(node.learning.items.label, 64);
    assert.equal(await node.learning.acceptHardClasses(), true);
    assert.equal(node.learning.items.label, 48);
  });
});
