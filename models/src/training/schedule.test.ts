import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { learningRate, scheduleSchema } from "./schedule.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

describe("learningRate", () => {
  const oneCycle = scheduleSchema.parse({ kind: "one-cycle", peak: 0.5, warmUp: 0.25 });
  const at = (epoch: number, step: number) =>
    learningRate(oneCycle, { epoch, step, epochs: 4, stepsPerEpoch: 10 });

  it("climbs from peak/25 to the peak over the warm-up, then falls along half a cosine", () => {
    close(at(0, 0), 0.02);
    close(at(0, 5), 0.26);
    close(at(1, 0), 0.5);
    close(at(2, 0), 0.25 * (1 + Math.cos(Math.PI / 3)));
    close(at(2, 5), 0.25);
    close(at(3, 9), 0.25 * (1 + Math.cos((Math.PI * 29) / 30)));
  });

  it("is cut by the factor at each milestone", () => {
    const steps = scheduleSchema.parse({ kind: "step", rate: 0.1, milestones: [2, 3] });
    const rates = [0, 1, 2, 3].map((epoch) =>
      learningRate(steps, { epoch, step: 7, epochs: 4, stepsPerEpoch: 10 }),
    );
    for (const [index, expected] of [0.1, 0.1, 0.01, 0.001].entries()) {
      close(rates[index]!, expected);
    }
  });
});
