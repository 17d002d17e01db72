import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { frameOf } from "./frames-for-tests.ts";
import type { Recorded } from "./stages.ts";
import { Tally } from "./tally.ts";

function recorded(verdict: object): Recorded {
  return { stage: "recorded", frame: frameOf("a"), model: undefined, verdict: verdict as Verdict };
}

const energy = { mainJ: 0.25, extensionJ: 0.5, uplinkJ: 0.125, cloudJ: 4 };
const answered = {
  ...{ outcome: "answered", final: true, exit: "extension", latencyMs: 7 },
  ...{ route: "complex", cloud: "late", energy },
};

describe("Tally", () => {
  test("counts each outcome under its name, for stats and Prometheus alike", async () => {
    const tally = new Tally(() => 2.5);
    const frame = frameOf("a");
    tally.observe(recorded(answered));
    tally.observe(recorded({ ...answered, final: false }));
    for (const classIndex of [1, 2, 2])
      tally.observe(
        recorded({
          ...answered,
          exit: "cloud",
          cloud: "answered",
          classIndex: 2,
          edgeAnswer: { classIndex },
        }),
      );
    tally.observe(recorded({ outcome: "refused", final: true, reason: "too-large" }));
    tally.observe({ stage: "dropped", frame });
    tally.observe({ stage: "twin", frame });
    for (const final of [false, false, true]) {
      tally.observe({ stage: "unrecorded", frame, model: undefined, final, error: "full" });
    }
    tally.count("frames", 6);
    tally.asked(3000, 0.5);
    tally.observeLengths("image", { waiting: 1, working: 4 });
    tally.observeLengths("window", { waiting: 2 });

    assert.deepEqual(tally.exits, { main: 0, extension: 1, cloud: 3 });
    assert.deepEqual(tally.drops, { "too-large": 1, "overload-qos0": 1 });
    const { frames, verdicts, provisional, recognised, unrecorded, journalFailures, asked } = tally.counters;
    assert.deepEqual(
      { frames, verdicts, provisional, recognised, unrecorded, journalFailures, asked },
      {
        frames: 6,
        verdicts: 5,
        provisional: 1,
        recognised: 1,
        unrecorded: 1,
        journalFailures: 2,
        asked: 1,
      },
    );

    const text = await tally.registry.metrics();
    for (const line of [
      'meanet_edge_frames_total{process="edge"} 6',
      'meanet_edge_verdicts_total{exit="extension",process="edge"} 1',
      'meanet_edge_routed_frames_total{route="complex",process="edge"} 4',
      'meanet_edge_routed_frames_total{route="easy",process="edge"} 0',
      'meanet_edge_offloads_total{outcome="late",process="edge"} 1',
      'meanet_edge_compared_answers_total{agreement="same",process="edge"} 2',
      'meanet_edge_compared_answers_total{agreement="different",process="edge"} 1',
      'meanet_edge_dropped_frames_total{reason="overload-qos0",process="edge"} 1',
      'meanet_edge_dropped_frames_total{reason="undecodable",process="edge"} 0',
      'meanet_edge_queue_length{queue="waiting",process="edge"} 3',
      'meanet_edge_energy_joules_total{part="compute",process="edge"} 2.5',
      'meanet_edge_energy_joules_total{part="uplink",process="edge"} 0.5',
      'meanet_edge_answer_energy_joules_total{part="extension",process="edge"} 2',
      'meanet_edge_uplink_bytes_total{process="edge"} 3000',
      'meanet_edge_latency_seconds_count{process="edge",exit="extension"} 1',
    ]) {
      assert.ok(text.includes(line), line);
    }
  });
});
