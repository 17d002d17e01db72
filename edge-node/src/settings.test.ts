import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { MeanetError } from "@meanet/runtime";
import { Settings } from "./settings.ts";
import { readWishes, type Wishes, writeWishes } from "./settings-file.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-settings-"));
after(() => rmSync(folder, { recursive: true }));

/** Bundles `first` and `second` exist; their thresholds are 1 and 2. */
async function begun(wishes: Wishes = {}, gates: Record<string, Promise<void>> = {}) {
  let bundle = { name: "none", threshold: 0 };
  let saved: Wishes = {};
  const settings = new Settings({
    defaults: { threshold: undefined, policy: "meanet", deadlineMs: 2000, model: "first" },
    async loadModel(name) {
      if (name !== "first" && name !== "second") throw new MeanetError("BUNDLE_MISSING", `no bundle ${name}`);
      await gates[name];
      bundle = { name: `${name}@1.0.0`, threshold: name === "first" ? 1 : 2 };
    },
    bundle: () => bundle,
    save: (wished) => {
      saved = { ...wished };
    },
    now: () => 42,
  });
  await settings.begin(wishes);
  return { settings, saved: () => saved };
}

describe("Settings", () => {
  test("begins with what the configuration and the bundle say", async () => {
    const { settings } = await begun();
    assert.deepEqual(settings.state("threshold"), { value: 1, at: 42, error: null });
    assert.deepEqual(settings.state("policy"), { value: "meanet", at: 42, error: null });
    assert.deepEqual(settings.state("deadline"), { value: "2000ms", at: 42, error: null });
    assert.deepEqual(settings.state("model"), { value: "first@1.0.0", at: 42, error: null });
  });

  test("applies and saves what fits", async () => {
    const { settings, saved } = await begun();
    assert.ok(await settings.set("threshold", 0.5));
    assert.ok(await settings.set("policy", "random:0.25"));
    assert.ok(await settings.set("deadline", "1.5s"));
    assert.ok(await settings.set("model", "second"));
    assert.equal(settings.threshold, 0.5);
    assert.deepEqual(settings.policy, { name: "random", share: 0.25 });
    assert.equal(settings.deadlineMs, 1500);
    assert.equal(settings.state("model").value, "second@1.0.0");
    assert.deepEqual(saved(), { threshold: 0.5, policy: "random:0.25", deadline: "1.5s", model: "second" });
  });

  test("refuses what does not fit, says why, and changes nothing", async () => {
    const { settings, saved } = await begun();
    const wishes = [
      ["threshold", -1],
      ["threshold", "high"],
      ["threshold", Number.NaN],
      ["threshold", null],
      ["policy", "sometimes"],
      ["policy", 1],
      ["deadline", 500],
      ["deadline", "0s"],
      ["deadline", "11m"],
      ["model", "third"],
      ["model", { name: "second" }],
      ["model", ""],
    ] as const;
    for (const [setting, value] of wishes) {
      const before = settings.state(setting).value;
      assert.equal(await settings.set(setting, value), false, `${setting} ${JSON.stringify(value)}`);
      assert.equal(settings.state(setting).value, before);
      assert.match(settings.state(setting).error ?? "", /expected|no bundle/);
    }
    assert.deepEqual(saved(), {});
    assert.ok(await settings.set("policy", "edge-only"));
    assert.equal(settings.state("policy").error, null);
  });

  test("follows the bundle's threshold until one is set, and again on demand", async () => {
    const { settings } = await begun();
    await settings.set("model", "second");
    assert.equal(settings.threshold, 2);
    await settings.set("threshold", 0.3);
    await settings.set("model", "first");
    assert.equal(settings.threshold, 0.3);
    await settings.set("threshold", "bundle");
    assert.equal(settings.threshold, 1);
  });

  test("begins with the wishes of before, and with the configured bundle when the wished one is gone", async () => {
    const { settings } = await begun({ threshold: 0.2, model: "third", policy: "edge-only" });
    assert.equal(settings.threshold, 0.2);
    assert.deepEqual(settings.policy, { name: "edge-only" });
    assert.deepEqual(settings.state("model"), { value: "first@1.0.0", at: 42, error: "no bundle third" });
  });

  test("loads one bundle at a time", async () => {
    const { promise: gate, resolve: opens } = Promise.withResolvers<void>();
    const { settings } = await begun({}, { second: gate });
    const second = settings.set("model", "second");
    assert.equal(await settings.set("model", "first"), false);
    assert.match(settings.state("model").error ?? "", /no other bundle/);
    assert.equal(settings.state("model").value, "first@1.0.0");
    opens();
    assert.ok(await second);
    assert.deepEqual(settings.state("model"), { value: "second@1.0.0", at: 42, error: null });
  });
});

describe("settings file", () => {
  test("gives back what was written", () => {
    const file = join(folder, "new", "settings.json");
    const fail = (error: unknown) => assert.fail(String(error));
    assert.deepEqual(readWishes(file, fail), {});
    writeWishes(file, { threshold: 0.5, model: "second" });
    writeWishes(file, { threshold: 0.7 });
    assert.deepEqual(readWishes(file, fail), { threshold: 0.7 });
  });

  test("tells of a damaged file and leaves it out", () => {
    const file = join(folder, "damaged.json");
    for (const text of ["{", '{"treshold":1}', '{"threshold":[]}']) {
      writeFileSync(file, text);
      let damage: unknown;
      assert.deepEqual(
        readWishes(file, (error) => {
          damage = error;
        }),
        {},
      );
      assert.ok(damage instanceof Error, text);
    }
  });
});
