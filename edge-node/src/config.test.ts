import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configSchema } from "./config.ts";

describe("configuration of an edge node", () => {
  test("takes waits for the cloud that a timer can hold, and no others", () => {
    for (const name of ["deadline", "silence"] as const) {
      assert.equal(configSchema.parse({ [name]: "10m" })[name], 600_000);
      for (const text of ["0s", "601s", "30d"]) {
        const { error } = configSchema.safeParse({ [name]: text });
        assert.equal(error?.issues[0]?.message, 'expected more than "0ms", up to "10m"', `${name} ${text}`);
      }
    }
  });
});
