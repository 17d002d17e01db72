import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadBundle, zooPath } from "@meanet/models";
import type { BlockTimes } from "./time-bundle.ts";

const file = join(import.meta.dirname, "..", "..", "results", "engines.json");

describe("times of the engines on record", () => {
  it("are those of the zoo's networks, and of a window well under a millisecond", async () => {
    const { figures } = JSON.parse(await readFile(file, "utf8")) as { figures: BlockTimes[] };
    for (const { bundle, block, macs } of figures) {
      const [name = "", version] = bundle.split("@");
      const { manifest } = await loadBundle(zooPath(name));
      const { main, adaptive, extension, cloud } = manifest.blocks;
      const expected = {
        main: main.macs,
        "adaptive + extension": adaptive.macs + extension.macs,
        cloud: cloud?.macs,
      };
      assert.deepEqual({ version, macs }, { version: manifest.version, macs: expected[block] }, bundle);
    }
    const oneByOne = figures.filter(
      ({ bundle, batch, block }) => bundle.startsWith("uci-har@") && batch === 1 && block !== "cloud",
    );
    assert.equal(oneByOne.length, 2);
    assert.ok(oneByOne.reduce((sum, { computeMs }) => sum + computeMs, 0) <= 0.2);
  });
});
