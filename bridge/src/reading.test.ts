import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { catalogue, type Source } from "./catalogue.ts";
import { answerOf, energyOf, refusalOf, statsOf, statusOf } from "./payloads-for-tests.ts";
import { readValue, templateOf, type Value } from "./reading.ts";
import { renderTemplate } from "./testing/index.ts";

const at = 1_700_000_000_000;
const payloads: Partial<Record<Source, readonly unknown[]>> = {
  status: [statusOf(), statusOf({ state: "stopped", models: [] })],
  stats: [
    statsOf(),
    statsOf({ drops: {} }),
    statsOf({ kind: "worker", counters: { items: 7, answered: 6 } }),
  ],
  energy: [energyOf(), energyOf({ computeJ: 0 })],
  verdict: [answerOf(), answerOf({ exit: "cloud", cloud: "answered", label: "it's" }), refusalOf()],
  thumbnail: [{ type: "image/webp" }],
  threshold: [{ value: 0.8, at, error: null }],
  "threshold-window": [{ value: 0, at, error: null }],
  policy: [{ value: "random:0.25", at, error: null }],
  deadline: [{ value: "2000ms", at, error: null }],
  learning: [{ value: "off", at, error: null }],
  train: [{ value: "epoch 3 of 8", at, error: null }],
  "hard-classes": [
    { value: "shirt, ".repeat(500), at, error: null },
    { value: "", at, error: null },
  ],
};

/** As Python writes a value. */
function written(value: Value | undefined): string {
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value ?? "");
}

describe("a template", () => {
  for (const { id, source, reading } of catalogue) {
    it(`of ${id} gives what the bridge reads`, () => {
      for (const payload of payloads[source] ?? []) {
        const rendered = renderTemplate(templateOf(reading), JSON.stringify(payload));
        assert.equal(rendered, written(readValue(reading, payload)), templateOf(reading));
      }
    });
  }

  it("is tried on every source there is", () => {
    for (const { source } of catalogue) assert.ok(payloads[source] !== undefined, source);
  });
});

describe("a reading", () => {
  it("adds up the drops of a node, and what the edge spent on a frame", () => {
    const of = (id: string) => catalogue.find((property) => property.id === id)!.reading;
    assert.equal(readValue(of("drops"), statsOf()), 3);
    assert.equal(readValue(of("drops"), statsOf({ drops: {} })), 0);
    assert.equal(readValue(of("frame-energy"), answerOf()), 0.875);
    assert.equal(readValue(of("frame-energy"), refusalOf()), undefined);
  });

  it("takes the unit off a duration, and no other text for a number", () => {
    const deadline = { path: ["value"], suffix: "ms" };
    assert.equal(readValue(deadline, { value: "250ms" }), 250);
    assert.equal(readValue(deadline, { value: "soon" }), undefined);
    assert.equal(readValue(deadline, { value: "soonms" }), undefined);
  });

  it("finds nothing in a payload's prototype", () => {
    assert.equal(readValue({ path: ["constructor", "name"] }, {}), undefined);
  });
});
