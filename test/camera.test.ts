import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "@meanet/recorder/testing";
import { Site } from "./rig/site.ts";
import { finalRows } from "./rig/store.ts";

interface Line {
  readonly msg: string;
  readonly answered?: number;
  readonly label?: string;
}

describe("meanet camera", () => {
  const site = new Site();
  after(() => site.close());
  const video = join(site.folder, "gate.avi");
  before(async () => {
    const made = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=0.5", "-c:v", "mjpeg", video];
    execFileSync("ffmpeg", ["-loglevel", "error", ...made]);
    await site.startUp("--replay", "false");
  });

  it("publishes a video over and over as a device, tells its verdicts, and ends in order", async () => {
    const flags = ["--input", video, "--rate", "10", "--reopen-after", "10ms", "--verdicts", "all"];
    const camera = await site.startCamera("--device", "gate", ...flags);
    await camera.says(/the input has ended and is opened again/);
    await camera.says(/"msg":"verdict"/);

    const { code, stderr } = await camera.stop();

    assert.equal(code, 0, stderr);
    const lines = stderr
      .split("\n")
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
    const { answered } = lines.findLast(({ msg }) => msg === "frames since the start")!;
    assert.equal(lines.filter(({ msg }) => msg === "verdict").length, answered);
    const stored = () => finalRows(site.storeFile).filter(({ device }) => device === "gate").length;
    assert.equal(await waitUntil("its verdicts are stored", stored, (rows) => rows === answered), answered);
  });
});
