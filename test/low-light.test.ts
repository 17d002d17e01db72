import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Ended, meanet } from "./rig/meanet.ts";

/** Short: what it proves here is the way from frames and labels to a judged bundle, not the gain. */
const size = ["--frames", "40", "--judged", "60", "--items", "120", "--label-share", "1"];

interface Result {
  readonly hardAccuracy: Readonly<Record<"clean" | "shiftedBefore" | "shiftedAfter", number>>;
  readonly cleanAccuracy: Readonly<Record<"before" | "after", number>>;
  readonly accepted: boolean;
  readonly outcome: string;
  readonly seconds: number;
  readonly energyJ: number;
  readonly items: { readonly label: number; readonly cloud: number };
  readonly judged: { readonly clean: number; readonly after: readonly string[] };
  readonly streamed: Readonly<Record<string, { readonly frames: number; readonly dropped: number }>>;
}

describe("meanet scenario low-light", () => {
  const out = mkdtempSync(join(tmpdir(), "meanet-low-light-"));
  after(() => rmSync(out, { recursive: true, force: true, maxRetries: 5 }));
  let ended: Ended;
  let result: Result;
  before(async () => {
    ended = await meanet("scenario", "low-light", ...size, "--out", out, "--json");
    assert.equal(ended.code, 0, ended.stderr);
    result = JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "") as Result;
  });

  it("ends with one JSON object of accuracies before and after, and of what learning took", () => {
    const { hardAccuracy, cleanAccuracy, judged, streamed } = result;
    for (const accuracy of [...Object.values(hardAccuracy), ...Object.values(cleanAccuracy)]) {
      assert.ok(accuracy > 0.3 && accuracy <= 1, `accuracy ${accuracy}`);
    }
    assert.ok(hardAccuracy.shiftedBefore < hardAccuracy.clean, JSON.stringify(hardAccuracy));
    assert.ok(result.seconds > 0 && result.energyJ > 0);
    assert.equal(judged.clean, 60);
    assert.deepEqual(Object.keys(streamed), ["clean", "shifted", "adapted"]);
    for (const { frames, dropped } of Object.values(streamed)) assert.ok(frames >= 40 && dropped === 0);
  });

  it("saw the edge collect labels of people only, train, and judge what it had learned", () => {
    assert.equal(result.items.cloud, 0);
    // Labels go on arriving while the training begins.
    assert.ok(result.items.label >= 120, `${result.items.label} labelled`);
    const [, items] = /edge {5}started: (\d+) items/.exec(ended.stderr) ?? [];
    assert.ok(Number(items) >= 120, `${items} items`);
    assert.match(ended.stderr, /edge {5}epoch: 6 of 6/);
    assert.ok(["accepted", "refused", "rolled-back"].includes(result.outcome), result.outcome);
    assert.equal(result.accepted, result.outcome === "accepted");
    const answeredBy = result.accepted ? "fashion-mnist@1.0.0+edge-1.1" : "fashion-mnist@1.0.0";
    assert.deepEqual(result.judged.after, [answeredBy]);
  });

  it("leaves a plot of the whole way, and every figure of it", () => {
    const svg = readFileSync(join(out, "true-1.svg"), "utf8");
    for (const text of ["good light", "low light", "started", "edge alone"]) {
      assert.ok(svg.includes(`>${text}</text>`), `no text "${text}"`);
    }
    const { events } = JSON.parse(readFileSync(join(out, "true-1.json"), "utf8")) as {
      events: readonly { readonly event: string; readonly atS: number }[];
    };
    assert.equal(events.filter(({ event }) => event === "epoch").length, 6);
    assert.deepEqual(
      events.map(({ atS }) => atS),
      events.map(({ atS }) => atS).toSorted((a, b) => a - b),
    );
  });

  it("refuses a bundle of sensor windows by name", async () => {
    const { code, stderr } = await meanet("scenario", "low-light", "--bundle", "uci-har", "--out", out);
    assert.equal(code, 1);
    assert.match(stderr, /INPUT_KIND_UNSUPPORTED: the scenario low-light takes bundles of images/);
  });
});
