import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { MeanetError } from "@meanet/runtime";
import type { InputKind } from "../input-kind.ts";
import { Settings } from "./settings.ts";
import { readWishes, type Wishes, writeWishes } from "./settings-file.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-settings-"));
after(() => rmSync(folder, { recursive: true }));

const bundles: Record<string, { kind: InputKind; threshold: number }> = {
  first: { kind: "image", threshold: 1 },
  second: { kind: "image", threshold: 2 },
  motion: { kind: "window", threshold: 3 },
};

interface Begin {
  readonly wishes?: Wishes;
  readonly models?: readonly string[];
  /** What the loading of a bundle waits for. */
  readonly gates?: Record<string, Promise<void>>;
}

async function begun({ wishes = {}, models = ["first"], gates = {} }: Begin = {}) {
  const inForce = new Map<InputKind, { name: string; threshold: number }>();
  let saved: Wishes = {};
  const find = (name: string) => {
    const found = bundles[name];
    if (found === undefined) throw new MeanetError("BUNDLE_MISSING", `no bundle ${name}`);
    return found;
  };
  const settings = new Settings({
    defaults: {
      thresholds: { image: undefined, window: undefined },
      policy: "meanet",
      deadlineMs: 2000,
      models,
    },
    learning: {
      enabled: false,
      trainNow: () => undefined,
      acceptHardClasses: async () => false,
      dismissHardClasses: () => false,
      progress: "idle",
      hardClasses: "",
    },
    kindOf: async (name) => find(name).kind,
    async loadModel(name) {
      const { kind, threshold } = find(name);
      await gates[name];
      inForce.set(kind, { name: `${name}@1.0.0`, threshold });
      return kind;
    },
    bundle: (kind) => inForce.get(kind),
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
    assert.equal(settings.threshold("image"), 0.5);
    assert.deepEqual(settings.policy, { name: "random", share: 0.25 });
    assert.equal(settings.deadlineMs, 1500);
    assert.equal(settings.state("model").value, "second@1.0.0");
    assert.deepEqual(saved(), {
      threshold: 0.5,
      policy: "random:0.25",
      deadline: "1.5s",
      models: { image: "second" },
    });
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
    assert.equal(settings.threshold("image"), undefined);
    assert.equal(settings.state("threshold").value, 2);
    await settings.set("threshold", 0.3);
    await settings.set("model", "first");
    assert.equal(settings.threshold("image"), 0.3);
    assert.equal(settings.state("threshold").value, 0.3);
    await settings.set("threshold", "bundle");
    assert.equal(settings.state("threshold").value, 1);
  });

  test("begins with the wishes of before, and with the configured bundle when the wished one is gone", async () => {
    const { settings } = await begun({
      wishes: { threshold: 0.2, models: { image: "third" }, policy: "edge-only" },
    });
    assert.equal(settings.threshold("image"), 0.2);
    assert.deepEqual(settings.policy, { name: "edge-only" });
    assert.deepEqual(settings.state("model"), { value: "first@1.0.0", at: 42, error: "no bundle third" });
  });

  test("holds a bundle and a threshold for each kind of input", async () => {
    const { settings, saved } = await begun({ models: ["motion", "first"] });
    assert.equal(settings.state("model").value, "first@1.0.0, motion@1.0.0");
    assert.deepEqual([settings.state("threshold").value, settings.state("threshold-window").value], [1, 3]);
    await settings.set("threshold-window", 0.5);
    await settings.set("model", "second");
    assert.equal(settings.state("model").value, "second@1.0.0, motion@1.0.0");
    assert.deepEqual([settings.threshold("image"), settings.threshold("window")], [undefined, 0.5]);
    assert.deepEqual(saved(), { "threshold-window": 0.5, models: { image: "second" } });
  });

  test("serves sensor windows from the moment that a bundle for them is set, over restarts too", async () => {
    const { settings, saved } = await begun();
    assert.equal(settings.state("threshold-window").value, "bundle");
    await settings.set("model", "motion");
    assert.equal(settings.state("model").value, "first@1.0.0, motion@1.0.0");
    assert.equal(settings.state("threshold-window").value, 3);
    const again = await begun({ wishes: saved() });
    assert.equal(again.settings.state("model").value, "first@1.0.0, motion@1.0.0");
  });

  test("keeps the reason why one of two wished bundles is not in force", async () => {
    const { settings } = await begun({ wishes: { models: { image: "third", window: "motion" } } });
    assert.deepEqual(settings.state("model"), {
      value: "first@1.0.0, motion@1.0.0",
      at: 42,
      error: "no bundle third",
    });
  });

  test("does not begin with two bundles for one kind of input", async () => {
    await assert.rejects(begun({ models: ["first", "second"] }), {
      code: "CONFIG_INVALID",
      message: /first and second both take pictures/,
    });
  });

  test("loads one bundle at a time", async () => {
    const { promise: gate, resolve: opens } = Promise.withResolvers<void>();
    const { settings } = await begun({ gates: { second: gate } });
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
    writeWishes(file, { threshold: 0.5, models: { image: "second" } });
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

  test("are left out and told of when their file cannot be read", () => {
    const file = join(folder, "unreadable.json");
    mkdirSync(file);
    const damages: unknown[] = [];
    assert.deepEqual(
      readWishes(file, (error) => damages.push(error)),
      {},
    );
    assert.equal(damages.length, 1);
  });
});
