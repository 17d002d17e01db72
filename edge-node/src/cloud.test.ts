import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CloudAnswer, type ComplexItem, cloudAnswerSchema, verdictSchema } from "@meanet/protocol";
import { frameBytes } from "./bundle-for-tests.ts";

import { answerOf, Onlooker, openTestSite, type Settings, startEdge } from "./site-for-tests.ts";

/** Main hesitates between one and three, both hard; the extension would say three. */
const complexHard = frameBytes({ 1: 255, 3: 255, 4: 255 });
/** Main hesitates between zero and two. */
const complexEasy = frameBytes({ 0: 255, 2: 255 });

const { broker, folder } = await openTestSite();

/** The final verdict on one frame, all its verdicts, and what the worker was asked. */
async function askOnce(
  node: string,
  payload: Uint8Array,
  answer?: (item: ComplexItem) => CloudAnswer | undefined,
  settings: Omit<Settings, "node"> = {},
) {
  await using onlooker = await Onlooker.connect(broker.url, node, answer);
  await using _edge = await startEdge(broker.url, folder, { node, ...settings });
  await onlooker.send("cam", payload, node);
  const verdict = verdictSchema.parse(await onlooker.final(node));
  assert.ok(verdict.outcome === "answered");
  return { verdict, verdicts: onlooker.verdicts, questions: onlooker.questions };
}

describe("an edge node and the cloud", { timeout: 300_000 }, () => {
  test("asks a worker about a complex frame and gives its answer", async () => {
    const { verdict, questions } = await askOnce("asks", complexEasy, (item) => answerOf(item, 4));
    assert.deepEqual(
      [verdict.label, verdict.exit, verdict.route, verdict.cloud, verdict.worker, verdict.confidence],
      ["four", "cloud", "complex", "answered", "worker-1", 0.99],
    );
    assert.ok(Math.abs(verdict.entropy - Math.LN2) < 1e-4);
    assert.equal(verdict.energy.cloudJ, 0.125);
    assert.ok(verdict.uplinkBytes > complexEasy.length);
    const [question] = questions;
    assert.deepEqual(Uint8Array.from(question!.frame), complexEasy);
    assert.deepEqual(
      [question!.format, question!.model, question!.device, question!.edge, question!.attempt],
      ["raw", "three@1.0.0", "cam", "asks", 1],
    );
    assert.ok(question!.remainingMs > 0 && question!.remainingMs <= 2000);
    assert.ok(question!.edgeAnswer.classIndex === 0 || question!.edgeAnswer.classIndex === 2);
  });

  test("publishes again on silence and counts every attempt", async () => {
    const { verdict, questions } = await askOnce(
      "repeats",
      complexEasy,
      (item) => (item.attempt === 3 ? answerOf(item, 4) : undefined),
      { silence: "50ms" },
    );
    assert.equal(verdict.cloud, "answered");
    assert.deepEqual(
      questions.map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    assert.equal(new Set(questions.map(({ id }) => id)).size, 1);
    assert.ok(verdict.uplinkBytes > 3 * complexEasy.length);
  });

  test("lets its own answer stand after the deadline: main's, or the extension's for a hard class", async () => {
    const easy = await askOnce("late-easy", complexEasy, undefined, { deadline: "1s" });
    assert.deepEqual([easy.verdict.exit, easy.verdict.cloud], ["main", "late"]);
    const hard = await askOnce("late-hard", complexHard, undefined, { deadline: "1s" });
    assert.deepEqual(
      [hard.verdict.exit, hard.verdict.cloud, hard.verdict.label],
      ["extension", "late", "three"],
    );
    assert.ok(hard.verdict.energy.extensionJ > 0);
    assert.ok(hard.verdict.energy.uplinkJ > 0);
  });

  test("lets its own answer stand at once when the worker cannot answer or has another model", async () => {
    const cannot = (item: ComplexItem) =>
      cloudAnswerSchema.parse({
        outcome: "failed",
        id: item.id,
        worker: "worker-1",
        attempt: 1,
        code: "INFERENCE_FAILED",
        detail: "out of memory",
      });
    const failed = await askOnce("failed", complexEasy, cannot, { deadline: "1m" });
    assert.deepEqual([failed.verdict.exit, failed.verdict.cloud], ["main", "failed"]);
    const other = (item: ComplexItem) => answerOf(item, 4, { model: "three@0.9.0" });
    const mismatch = await askOnce("mismatch", complexHard, other, { deadline: "1m" });
    assert.deepEqual([mismatch.verdict.exit, mismatch.verdict.cloud], ["extension", "failed"]);
  });

  test("says at once what it thinks when it is to, and replaces that by the final verdict", async () => {
    const { verdict, verdicts } = await askOnce("provisional", complexEasy, (item) => answerOf(item, 4), {
      provisional: true,
    });
    const [first] = verdicts;
    assert.ok(first?.outcome === "answered");
    assert.deepEqual([first.final, first.cloud, first.exit], [false, "pending", "main"]);
    assert.equal(verdict.supersedes, first.seq);
    assert.equal(verdict.seq, first.seq + 1);
  });

  test("answers itself beyond its limit of requests: busy", async () => {
    await using onlooker = await Onlooker.connect(broker.url, "busy");
    await using _edge = await startEdge(broker.url, folder, {
      node: "busy",
      deadline: "300ms",
      limits: { cloud: 1 },
    });
    await onlooker.send("cam", complexEasy, "asked");
    await onlooker.send("cam", complexEasy, "beyond");
    const beyond = await onlooker.final("beyond");
    const asked = await onlooker.final("asked");
    assert.ok(beyond.outcome === "answered" && asked.outcome === "answered");
    assert.deepEqual([beyond.cloud, beyond.uplinkBytes], ["busy", 0]);
    assert.equal(asked.cloud, "late");
  });

  test("sends nothing under edge-only, everything under cloud-only, a share by lot under random", async () => {
    const shares: Record<string, number> = {};
    for (const [node, policy] of [
      ["none", "edge-only"],
      ["all", "cloud-only"],
      ["lot", "random:0.5"],
    ] as const) {
      await using onlooker = await Onlooker.connect(broker.url, node, (item) => answerOf(item, 4));
      await using _edge = await startEdge(broker.url, folder, { node, policy });
      const frames = Array.from({ length: 40 }, (_, index) => `${node}-${index}`);
      await Promise.all(
        frames.map((id, index) => onlooker.send("cam", index % 2 ? complexEasy : complexHard, id)),
      );
      await onlooker.until(() => onlooker.verdicts.length === 40);
      shares[node] = onlooker.verdicts.filter(
        (verdict) => verdict.outcome === "answered" && verdict.exit === "cloud",
      ).length;
    }
    assert.equal(shares.none, 0);
    assert.equal(shares.all, 40);
    // The seed is fixed, but which frame draws which number is not: 40 draws, 5 standard deviations.
    assert.ok(Math.abs(shares.lot! - 20) < 16, String(shares.lot));
  });
});
