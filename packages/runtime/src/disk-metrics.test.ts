import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { exposeDisk } from "./disk-metrics.ts";
import { createMetrics } from "./metrics.ts";

async function shown(folder: string): Promise<Record<string, number>> {
  const registry = createMetrics("trial");
  exposeDisk(registry, { prefix: "meanet_trial", folder, holds: "trial" });
  const metrics = await registry.getMetricsAsJSON();
  return Object.fromEntries(
    metrics
      .filter(({ name }) => name.startsWith("meanet_trial_disk"))
      .flatMap(({ name, values }) => values.map(({ value }) => [name, Number(value)])),
  );
}

describe("the disk of a process", () => {
  it("is as large as df says, and no freer", async () => {
    const { meanet_trial_disk_size_bytes: size, meanet_trial_disk_free_bytes: free } = await shown(tmpdir());
    const [, line] = execFileSync("df", ["-B1", "--output=size", tmpdir()], { encoding: "utf8" }).split("\n");
    assert.equal(size, Number(line));
    assert.ok(free! > 0 && free! < size!);
  });

  it("is not shown where there is none, instead of as full", async () => {
    assert.deepEqual(await shown(join(tmpdir(), "meanet-no-such-folder")), {});
  });
});
