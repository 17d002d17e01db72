import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lowLightCommand } from "./command.ts";
import { lowLightConfigSchema } from "./config.ts";

describe("the command of a run", () => {
  it("names the seed and what is not the default, and no place of this machine", () => {
    assert.equal(
      lowLightCommand(lowLightConfigSchema.parse({ data: "/data", out: "/tmp/out", json: true }), {}),
      "npm run meanet -- scenario low-light --seed 1",
    );
    const other = lowLightConfigSchema.parse({ seed: 3, labels: "teacher", items: 800, labelShare: 0.5 });
    assert.equal(
      lowLightCommand(other, {}),
      "npm run meanet -- scenario low-light --seed 3 --labels teacher --items 800",
    );
  });

  it("tells the variables that the edge node takes its settings from, but no connection", () => {
    const environment = {
      PATH: "/bin",
      MEANET__EDGE__MQTT__PASSWORD: "secret",
      MEANET__EDGE__LEARNING__TEACHER__CONFIDENCE: "0.5",
    };
    assert.equal(
      lowLightCommand(lowLightConfigSchema.parse({}), environment),
      "MEANET__EDGE__LEARNING__TEACHER__CONFIDENCE=0.5 npm run meanet -- scenario low-light --seed 1",
    );
  });
});
