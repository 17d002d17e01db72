import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { type Verdict, verdictSchema } from "@meanet/protocol";
import { waitUntil } from "@meanet/recorder/testing";
import { sampleFrames } from "./rig/frames.ts";
import { SITE, Site } from "./rig/site.ts";
import { finalRows } from "./rig/store.ts";

/** An ankle boot of the sample, 224 x 224, written by a real encoder. */
const boot = readFileSync(join(import.meta.dirname, "fixtures", "boot.jpg"));
const DEVICE = "my-camera";
const TIMEOUT_S = 20;

describe("a device that knows MQTT and nothing of ours", () => {
  const site = new Site();
  let rawBoot: Uint8Array;
  before(async () => {
    await site.startUp("--no-replay");
    rawBoot = (await sampleFrames())[0]!;
  });
  after(() => site.close());

  it("gets a verdict for a JPEG", async () => {
    expectBoot(await exchange(site, boot));
  });

  it("gets a verdict for the raw bytes of the model's input", async () => {
    expectBoot(await exchange(site, rawBoot));
  });

  it("gets a verdict for normalised float32 values", async () => {
    // By mean and deviation of the training set, as the bundle's manifest tells.
    const values = Float32Array.from(rawBoot, (byte) => (byte / 255 - 0.286) / 0.353);
    expectBoot(await exchange(site, new Uint8Array(values.buffer)));
  });

  const bad = [
    { what: "a JPEG that breaks off", payload: boot.subarray(0, 300), reason: "undecodable" },
    { what: "a size that no model has", payload: Buffer.alloc(783), reason: "wrong-size" },
    { what: "nothing", payload: Buffer.alloc(0), reason: "wrong-size" },
  ] as const;
  for (const { what, payload, reason } of bad) {
    it(`gets a refusal, ${reason}, for ${what}, and then a verdict for a good frame`, async () => {
      const refusal = await exchange(site, payload);
      assert.equal(refusal.outcome, "refused");
      assert.equal(refusal.reason, reason);
      assert.ok(refusal.detail.length > 10, refusal.detail);
      expectBoot(await exchange(site, boot));
      const isStored = () => finalRows(site.storeFile).some(({ id }) => id === refusal.id);
      await waitUntil("the refusal is stored", isStored, (stored) => stored);
    });
  }
});

function expectBoot(verdict: Verdict): void {
  assert.equal(verdict.outcome, "answered");
  assert.equal(verdict.label, "Ankle boot");
  assert.equal(verdict.device, DEVICE);
}

/** Publishes a frame with `mosquitto_pub` and reads its verdict with `mosquitto_sub`. */
async function exchange({ url, folder }: Site, payload: Uint8Array): Promise<Verdict> {
  const { hostname, port } = new URL(url);
  const broker = ["-h", hostname, "-p", port, "-q", "1"];
  const topic = (kind: string) => `meanet/v1/${SITE}/${DEVICE}/${kind}`;
  const file = join(folder, "payload");
  writeFileSync(file, payload);

  // The retained status of the edge node comes when the subscriptions hold; the line after it is the verdict.
  const status = `meanet/v1/${SITE}/edge-1/status`;
  const ears = spawn(
    "mosquitto_sub",
    [...broker, "-t", topic("verdict"), "-t", status, "-C", "2", "-W", `${TIMEOUT_S}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines = createInterface(ears.stdout)[Symbol.asyncIterator]();
  const closed = once(ears, "close");
  await lines.next();
  const mouth = spawn("mosquitto_pub", [...broker, "-t", topic("frame"), "-f", file], { stdio: "inherit" });
  assert.deepEqual(await once(mouth, "close"), [0, null]);
  const { value: line } = await lines.next();
  await closed;
  assert.ok(line, `no verdict within ${TIMEOUT_S} s`);
  return verdictSchema.parse(JSON.parse(line));
}
