import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readDiscovery, writeDiscovery } from "./discovery-file.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-discovery-"));
after(() => rmSync(folder, { recursive: true }));

const main = { sha256: "a".repeat(64), classes: 3 };
const kept = {
  counts: [
    { class: 2, right: 10.5, total: 40, dismissed: { becomes: "hard", wait: 7 } },
    { class: 0, right: 0, total: 1 },
  ],
  proposed: [1, 2],
} as const;

describe("the file of what live labels said", () => {
  test("gives back what was written, whatever lay there before", () => {
    const file = join(folder, "whole.json");
    assert.equal(readDiscovery(file, main), undefined);
    writeFileSync(file, "{");
    writeFileSync(`${file}.new`, "half of someth");
    writeDiscovery(file, main, kept);
    assert.deepEqual(readDiscovery(file, main), kept);
    writeDiscovery(file, main, { counts: [], proposed: null });
    assert.deepEqual(readDiscovery(file, main), { counts: [], proposed: null });
  });

  test("is not read for another main block", () => {
    const file = join(folder, "other.json");
    writeDiscovery(file, main, kept);
    assert.throws(() => readDiscovery(file, { ...main, sha256: "b".repeat(64) }), {
      code: "DISCOVERY_REFUSED",
      message: /other\.json is not read \(it is of the main block a{64}, expected b{64}\)/,
    });
  });

  test("is refused by name when it is damaged", () => {
    const file = join(folder, "damaged.json");
    writeDiscovery(file, main, kept);
    const whole = readFileSync(file, "utf8");
    const refused = (why: RegExp) =>
      assert.throws(() => readDiscovery(file, main), { code: "DISCOVERY_REFUSED", message: why });
    for (let length = 0; length < whole.length - 1; length += 9) {
      writeFileSync(file, whole.slice(0, length));
      refused(/damaged\.json is not read \(.*JSON/);
    }
    for (const [from, to, why] of [
      ['"class":2', '"class":3', /counts\[0\]\.class/],
      ['"right":10.5', '"right":41', /expected total or less.*counts\[0\]\.right/s],
      ['"total":40', '"total":null', /counts\[0\]\.total/],
      ['"wait":7', '"wait":0', /counts\[0\]\.dismissed\.wait/],
      ['"proposed"', '"later"', /proposed/],
      ['"main"', '"sub"', /main/],
    ] as const) {
      assert.ok(whole.includes(from));
      writeFileSync(file, whole.replace(from, to));
      refused(why);
    }
  });

  test("is refused by name when it cannot be read", () => {
    const file = join(folder, "folder.json");
    mkdirSync(file);
    assert.throws(() => readDiscovery(file, main), { code: "DISCOVERY_REFUSED", message: /EISDIR/ });
  });
});
