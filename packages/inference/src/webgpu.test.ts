import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** SwiftShader, a Vulkan driver in software, beside the Vulkan loader: both come with Debian's chromium. */
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";

describe("engine on webgpu", () => {
  it("gives the logits of cpu within 1e-3", async () => {
    assert.ok(existsSync(driver), `${driver} is missing; install it with: sudo apt-get install chromium`);
    // A process of its own: Vulkan reads its environment once.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL("../test/compare-webgpu.ts", import.meta.url))],
      {
        env: {
          ...process.env,
          VK_ICD_FILENAMES: driver,
          LD_LIBRARY_PATH: dirname(driver),
          XDG_RUNTIME_DIR: "/tmp",
        },
        timeout: 300_000,
      },
    );
    const [webgpu, cpu] = JSON.parse(stdout) as { provider: string; logits: number[] }[];
    assert.equal(webgpu?.provider, "webgpu");
    assert.equal(cpu?.provider, "cpu");
    assert.equal(webgpu.logits.length, 40);
    assert.ok(Math.max(...cpu.logits.map(Math.abs)) > 0.1);
    const worst = Math.max(...cpu.logits.map((logit, i) => Math.abs(logit - webgpu.logits[i]!)));
    assert.ok(worst <= 1e-3, `logits differ by up to ${worst}`);
  });
});
