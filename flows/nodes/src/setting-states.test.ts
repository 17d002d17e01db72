import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MeanetError } from "@meanet/runtime/error";
import { SettingStates } from "./setting-states.ts";

const state = (value: number) => ({ value, at: 1, error: null });

describe("states of settings", () => {
  it("a wish that cannot be published ends at once with its error, and takes no other's answer", async () => {
    const states = new SettingStates();
    const full = new MeanetError("PUBLISH_BACKLOG", "1000 messages wait for the broker");
    const published = Promise.withResolvers<void>();
    const first = states.wish("edge-1", "threshold", 600_000, () => published.promise);
    const second = states.wish("edge-1", "threshold", 600_000, () => Promise.resolve());
    published.reject(full);
    await assert.rejects(first, full);
    assert.equal(states.arrived("edge-1", "threshold", state(0.5), false), true);
    assert.deepEqual(await second, state(0.5));
    assert.equal(states.arrived("edge-1", "threshold", state(0.6), false), false);
  });

  it("answers wishes in their order; what the broker kept from before answers none", async () => {
    const states = new SettingStates();
    const wishes = [1, 2].map(() => states.wish("edge-1", "deadline", 600_000, () => Promise.resolve()));
    assert.equal(states.arrived("edge-1", "deadline", state(9), true), false);
    for (const value of [1, 2]) states.arrived("edge-1", "deadline", state(value), false);
    assert.deepEqual(await Promise.all(wishes), [state(1), state(2)]);
  });

  it("ends with the node, also while the wish is being published", async () => {
    const states = new SettingStates();
    const wish = states.wish("edge-1", "threshold", 600_000, () => new Promise(() => undefined));
    states.close();
    await assert.rejects(wish, { code: "SESSION_CLOSED" });
  });
});
