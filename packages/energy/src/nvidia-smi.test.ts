import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openNvidiaSmi, PowerIntegral } from "./nvidia-smi.ts";

describe("nvidia-smi", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "nvidia-smi-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** A program that prints what `nvidia-smi` prints on a machine with such GPUs. */
  const tool = (name: string, script: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it("sums power over time by trapezoids", () => {
    const integral = new PowerIntegral();
    integral.add(1000, 50);
    assert.equal(integral.joules, 0);
    integral.add(1500, 100); // 75 W for half a second
    integral.add(2500, 100);
    assert.equal(integral.joules, 137.5);
  });

  it("adds up the GPUs and says so when the readings end", async () => {
    const command = tool("two-gpus", 'printf "0, 60.00\\n1, 40.00\\n0, 60.00\\n1, 40.00\\n"');
    let clockMs = 0;
    const lost = Promise.withResolvers<string>();
    const meter = await openNvidiaSmi({
      command,
      now: () => (clockMs += 500),
      onLost: lost.resolve,
    });
    assert.equal(meter?.source, "measured:nvml");
    assert.match(await lost.promise, /ended with 0/);
    assert.equal(meter.readJ(), 100); // each GPU was read twice, 1000 ms apart
    meter.close();
  });

  it("keeps running until closed", async () => {
    const command = tool("endless", 'echo "0, 70.5"; exec sleep 600');
    const meter = await openNvidiaSmi({
      command,
      onLost: () => assert.fail("closing is not a loss"),
    });
    assert.equal(meter?.readJ(), 0);
    meter.close();
  });

  it("is undefined where the tool says nothing", { timeout: 300_000 }, async () => {
    const command = tool("hangs", "exec sleep 600");
    assert.equal(await openNvidiaSmi({ command, firstWithinMs: 50 }), undefined);
  });

  it("is undefined where the tool is missing, fails, or its GPU tells no power", async () => {
    assert.equal(await openNvidiaSmi({ command: join(folder, "missing") }), undefined);
    assert.equal(await openNvidiaSmi({ command: tool("failing", "exit 9") }), undefined);
    assert.equal(await openNvidiaSmi({ command: tool("silent", 'echo "0, [N/A]"') }), undefined);
  });
});
