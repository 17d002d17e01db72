import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { deliver } from "./deliver.ts";
import { frameOf } from "./frames-for-tests.ts";
import type { ServedModel } from "./model/served-model.ts";
import type { Outcome } from "./pipeline.ts";

/** What is done for an outcome, in order. */
function deedsOf(outcome: (parts: { frame: ReturnType<typeof frameOf>; model: ServedModel }) => Outcome) {
  const deeds: string[] = [];
  const frame = frameOf("a", { acknowledge: () => deeds.push("acknowledge") });
  const model = { release: () => deeds.push("release") } as unknown as ServedModel;
  deliver(outcome({ frame, model }), {
    publish: () => deeds.push("publish"),
    onUnrecorded: () => deeds.push("tell"),
  });
  return deeds;
}

const final = { final: true } as Verdict;
const provisional = { final: false } as Verdict;

describe("deliver", () => {
  test("publishes a recorded final verdict, then acknowledges its frame and lets the model go", () => {
    const deeds = deedsOf((parts) => ({ stage: "recorded", ...parts, verdict: final }));
    assert.deepEqual(deeds, ["publish", "acknowledge", "release"]);
  });

  test("acknowledges nothing for a provisional verdict", () => {
    assert.deepEqual(
      deedsOf((parts) => ({ stage: "recorded", ...parts, verdict: provisional })),
      ["publish"],
    );
  });

  test("never acknowledges a frame whose verdict is not in the journal", () => {
    const error = new Error("disk full");
    assert.deepEqual(
      deedsOf((parts) => ({ stage: "unrecorded", ...parts, final: true, error })),
      ["tell", "release"],
    );
    assert.deepEqual(
      deedsOf((parts) => ({ stage: "unrecorded", ...parts, final: false, error })),
      ["tell"],
    );
  });

  test("publishes a known verdict again, and acknowledges a twin without", () => {
    assert.deepEqual(
      deedsOf(({ frame }) => ({ stage: "known", frame, verdict: final })),
      ["publish", "acknowledge"],
    );
    assert.deepEqual(
      deedsOf(({ frame }) => ({ stage: "twin", frame })),
      ["acknowledge"],
    );
  });
});
