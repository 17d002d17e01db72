import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { verdictSchema } from "@meanet/protocol";
import { firstValueFrom, map, of } from "rxjs";
import { classifiedOf, frameOf, settledOf, threeClasses } from "../frames-for-tests.ts";
import type { Extended, Provisional, Refused, Settled } from "../stages.ts";
import { conclude } from "./conclude.ts";

const options = {
  site: "lab",
  edge: "edge-1",
  now: () => 250,
  uplinkJ: (bytes: number) => bytes / 1000,
  energySource: "modelled:test",
};
const frame = frameOf("a", { arrivedMs: 200 });
const answer = {
  outcome: "answered" as const,
  id: "t1",
  worker: "worker-1",
  attempt: 1,
  classes: [{ classIndex: 2, label: "TWO", probability: 0.8 }],
  model: "three@1.0.0",
  queueMs: 0,
  computeMs: 1,
  energyJ: 0.25,
  energySource: "modelled:gpu",
};

const numbered = { journal: "j1", seq: 1, at: 1000, supersedes: null };

async function draftOf(item: Settled | Extended | Provisional | Refused) {
  const { draft } = await firstValueFrom(of(item).pipe(conclude(options)));
  return draft;
}

describe("conclude", () => {
  test("writes main's answer with its joules alone", async () => {
    assert.deepEqual(await draftOf(settledOf(frame, { route: "easy" })), {
      id: "a",
      site: "lab",
      device: "cam",
      edge: "edge-1",
      receivedAt: 1_700_000_000_000,
      qos: 1,
      latencyMs: 50,
      frameBytes: 3,
      outcome: "answered",
      final: true,
      label: "zero",
      classIndex: 0,
      confidence: 0.7,
      exit: "main",
      route: "easy",
      cloud: "none",
      entropy: 0.8,
      queueMs: 1,
      computeMs: 2,
      energy: { mainJ: 3, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
      uplinkBytes: 0,
      model: "three@1.0.0",
      worker: null,
      threshold: 0.5,
      stages: { admitMs: 0.5, decodeMs: 1, mainQueueMs: 1, mainMs: 4 },
      top: {
        main: [
          { classIndex: 0, label: "zero", probability: 0.7 },
          { classIndex: 1, label: "one", probability: 0.2 },
          { classIndex: 2, label: "two", probability: 0.1 },
        ],
      },
    });
  });

  test("names the extension's classes beside main's, in the bundle's words", async () => {
    const item: Extended = { ...settledOf(frame), stage: "extended", p2: [0.25, 0.65, 0.1], extensionJ: 7 };
    const draft = await draftOf(item);
    assert.ok(draft.outcome === "answered");
    // The third output says "not hard": no class.
    assert.deepEqual(draft.top?.extension, [
      { classIndex: 2, label: "two", probability: 0.65 },
      { classIndex: 1, label: "one", probability: 0.25 },
    ]);
    assert.equal(draft.edgeAnswer, undefined);
  });

  test("keeps the three most probable of many classes, best first, in four digits", async () => {
    const p1 = Array.from({ length: 40 }, (_, index) => ((index * 7) % 40) / 780);
    const names = p1.map((_, index) => `class ${index}`);
    const model = Object.assign({}, threeClasses, { classes: names });
    const draft = await draftOf(settledOf(frame, { model, p1 }));
    assert.ok(draft.outcome === "answered");
    const sorted = p1.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
    assert.deepEqual(
      draft.top?.main,
      sorted.slice(0, 3).map(({ p, index }) => ({
        classIndex: index,
        label: `class ${index}`,
        probability: Number(p.toFixed(4)),
      })),
    );
  });

  test("tells the edge's own answer beside the cloud's, and whether it would have been the last word", async () => {
    for (const [p1, complete] of [
      [[0.7, 0.2, 0.1], true],
      [[0.1, 0.6, 0.3], false],
    ] as const) {
      const draft = await draftOf(
        settledOf(frame, {
          ...{ route: "complex", cloud: "answered", answer, p1, uplinkBytes: 2000 },
          stages: { mainMs: 1.23456, cloudMs: 20 },
        }),
      );
      assert.ok(draft.outcome === "answered");
      const classIndex = complete ? 0 : 1;
      assert.deepEqual(draft.edgeAnswer, {
        label: ["zero", "one"][classIndex],
        classIndex,
        confidence: p1[classIndex],
        exit: "main",
        complete,
      });
      assert.deepEqual(draft.top?.cloud, [{ classIndex: 2, label: "two", probability: 0.8 }]);
      assert.deepEqual(draft.stages, { mainMs: 1.235, cloudMs: 20, cloudQueueMs: 0, cloudComputeMs: 1 });
      assert.deepEqual(verdictSchema.parse({ ...draft, ...numbered }), { ...draft, ...numbered });
    }
  });

  test("names no threshold when another policy chose the way", async () => {
    const draft = await draftOf(settledOf(frame, { threshold: undefined }));
    assert.ok(!("threshold" in draft));
  });

  test("charges the extension to each frame it ran for, and lets it answer", async () => {
    const item: Extended = { ...settledOf(frame), stage: "extended", p2: [0.1, 0.9], extensionJ: 7 };
    const draft = await draftOf(item);
    assert.ok(draft.outcome === "answered");
    assert.equal(draft.exit, "extension");
    assert.equal(draft.label, "two");
    assert.deepEqual(draft.energy, {
      mainJ: 3,
      extensionJ: 7,
      uplinkJ: 0,
      cloudJ: 0,
      source: "modelled:test",
    });
  });

  test("gives the cloud's answer the bundle's name of the class, the uplink's joules and the cloud's beside them", async () => {
    const draft = await draftOf(
      settledOf(frame, { route: "complex", cloud: "answered", answer, uplinkBytes: 2000 }),
    );
    assert.ok(draft.outcome === "answered");
    assert.deepEqual(
      [draft.exit, draft.label, draft.confidence, draft.worker, draft.uplinkBytes],
      ["cloud", "two", 0.8, "worker-1", 2000],
    );
    assert.deepEqual(draft.energy, {
      mainJ: 3,
      extensionJ: 0,
      uplinkJ: 2,
      cloudJ: 0.25,
      source: "modelled:test",
    });
  });

  test("lets the edge's answer stand when the cloud was late, and charges the uplink all the same", async () => {
    const draft = await draftOf(settledOf(frame, { route: "complex", cloud: "late", uplinkBytes: 4000 }));
    assert.ok(draft.outcome === "answered");
    assert.deepEqual(
      [draft.exit, draft.route, draft.cloud, draft.energy.uplinkJ],
      ["main", "complex", "late", 4],
    );
  });

  test("says that a provisional verdict is not final and the cloud pending", async () => {
    const draft = await draftOf({
      ...classifiedOf(frame),
      ...{ stage: "provisional", route: "complex", threshold: 0.5 },
    });
    assert.ok(draft.outcome === "answered");
    assert.deepEqual([draft.final, draft.cloud, draft.label], [false, "pending", "zero"]);
    assert.equal(draft.edgeAnswer, undefined);
  });

  test("names the reason of a refusal", async () => {
    const refused: Refused = { stage: "refused", frame, reason: "too-large", detail: "3 bytes too many" };
    const draft = await draftOf(refused);
    assert.ok(draft.outcome === "refused");
    assert.deepEqual(
      [draft.final, draft.reason, draft.detail, draft.frameBytes],
      [true, "too-large", "3 bytes too many", 3],
    );
  });

  test("passes end and error on, and leaves the source when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const items = { a: settledOf(frame) };
      const ids = conclude(options);
      const read = (source: ReturnType<typeof cold<Settled>>) =>
        source.pipe(
          ids,
          map(({ model }) => (model === threeClasses ? "a" : "?")),
        );
      expectObservable(read(cold("a-a|", items))).toBe("a-a|");
      expectObservable(read(cold("a-#", items))).toBe("a-#");
      expectObservable(read(cold("|", items))).toBe("|");
      const source = hot("a-a-a", items);
      expectObservable(
        source.pipe(
          ids,
          map(() => "a"),
        ),
        "^--!",
      ).toBe("a-a");
      expectSubscriptions(source.subscriptions).toBe("^--!");
    });
  });
});
