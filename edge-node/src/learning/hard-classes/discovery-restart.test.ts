import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import { Onlooker, openTestSite, startEdge } from "../../site-for-tests.ts";
import { mostCalled, openLearning } from "../learning-for-tests.ts";
import { teach, watch } from "../learning-site-for-tests.ts";

const { broker, folder } = await openTestSite();

const node = "discovers";
const learning = {
  enabled: true,
  trigger: { items: 1000 },
  discovery: { leastItems: 20, saveInterval: "10ms" },
};

/** A bundle that main's answers speak against: the class that it calls most is not hard. */
async function writeMisjudged(bundle: string): Promise<string> {
  await writeQuadrantBundle(bundle);
  await using probe = openLearning(join(folder.path, "probe"));
  await probe.learning.load(bundle);
  const called = await mostCalled(probe);
  const hardClasses = [0, 1, 2, 3].filter((index) => index !== called).slice(0, 2);
  const { manifest } = await writeQuadrantBundle(bundle, { hardClasses });
  return manifest.classes[called]!;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("an edge node that discovers hard classes", { timeout: 300_000 }, () => {
  test("still proposes what it did when it is killed and restarted, and not what was dismissed", async () => {
    const bundle = join(folder.path, "misjudged");
    const name = await writeMisjudged(bundle);
    const edge = { node, learning, site: node, state: folder.path, models: [bundle], statsInterval: "50ms" };
    const forkEdge = async () => {
      const config = { ...edge, mqtt: { url: broker.url } };
      const child = fork(new URL("../../edge-child-for-tests.ts", import.meta.url), [JSON.stringify(config)]);
      await once(child, "message");
      return child;
    };
    await using onlooker = await Onlooker.connect(broker.url, node);
    const watched = watch(onlooker, node);
    const { states, steps, wish } = watched;
    /** Resolves when the state of the hard classes is so, as told since the last restart. */
    const says = (what: "proposed" | "dismissed") => {
      const value = new RegExp(`; ${what}: (.*, )?${name}$`);
      return onlooker.until(() => value.test(String(states.get("hard-classes")?.value)));
    };
    const events = (event: string) => steps.filter((step) => step.event === event).length;
    const file = join(folder.path, node, "learning", "quadrants-1.0.0", "discovery.json");
    const written = () => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { proposed: null });

    const first = await forkEdge();
    await teach(onlooker, { count: 40, seed: 31 });
    await says("proposed");
    assert.equal(events("proposed"), 1);
    await onlooker.until(() => written().proposed !== null);
    await kill(first);

    states.clear();
    const second = await forkEdge();
    await says("proposed");
    await wish("hard-classes", "dismiss");
    await says("dismissed");
    assert.equal(states.get("hard-classes")?.error, null);
    const { waits } = await watched.step("dismissed");
    await kill(second);

    states.clear();
    {
      await using _third = await startEdge(broker.url, { path: folder.path, bundle }, { node, learning });
      await says("dismissed");
      await teach(onlooker, { count: 8, seed: 32 });
      await onlooker.final("32-7");
      assert.match(String(states.get("hard-classes")?.value), new RegExp(`; dismissed: ${name}$`));
      await wish("hard-classes", "accept");
      await onlooker.until(() => states.get("hard-classes")?.error === "hard-classes: nothing is proposed");
    }

    states.clear();
    await using _fourth = await startEdge(broker.url, { path: folder.path, bundle }, { node, learning });
    await says("dismissed");
    assert.equal(events("proposed"), 1);
    await teach(onlooker, { count: 2 * waits![0]!.labels, seed: 33 });
    await onlooker.until(() => events("proposed") === 2);
    await says("proposed");
    await wish("hard-classes", "accept");
    await watched.step("agreed");
  });
});
