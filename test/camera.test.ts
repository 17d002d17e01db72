import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "@meanet/recorder/testing";
import { Site } from "./rig/site.ts";
import { finalRows } from "./rig/store.ts";

interface Line {
  readonly msg: string;
  readonly answered?: number;
  readonly id?: string;
}

/** @returns what it writes to standard output */
function ffmpeg(...args: string[]): Buffer {
  return execFileSync("ffmpeg", ["-loglevel", "error", ...args]);
}

describe("meanet camera", () => {
  const site = new Site();
  after(() => site.close());
  const video = join(site.folder, "gate.avi");
  before(async () => {
    const pattern = "testsrc=size=320x240:rate=10:duration=0.5";
    ffmpeg("-f", "lavfi", "-i", pattern, "-c:v", "mjpeg", video);
    await site.startUp("--replay", "false");
  });

  it("publishes what is written to its standard input, and fails with its end", async () => {
    const written = ffmpeg("-i", video, "-c", "copy", "-f", "mjpeg", "-");
    const input = ["--input", "-", "--input-format", "mjpeg", "--rate", "5"];
    const command = ["cli/bin/meanet.js", "camera", "--device", "pipe", "--mqtt-url", site.url];
    const { status, stderr } = spawnSync(process.execPath, [...command, ...input], {
      cwd: join(import.meta.dirname, ".."),
      input: written,
      encoding: "utf8",
    });
    assert.equal(status, 1, stderr);
    const answered = () => finalRows(site.storeFile).filter(({ device }) => device === "pipe").length;
    await waitUntil("it is answered", answered, (rows) => rows > 0);
    assert.match(stderr, /^CAMERA_FAILED: standard input has ended/m);
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
    const told = lines.flatMap(({ msg, id }) => (msg === "verdict" ? [id] : []));
    assert.equal(told.length, answered);
    const missing = () => {
      const rows = finalRows(site.storeFile).filter(({ device }) => device === "gate");
      const stored = new Set(rows.map(({ id }) => id));
      return told.filter((id) => !stored.has(id!));
    };
    await waitUntil("its verdicts are stored", missing, (ids) => ids.length === 0);
  });
});
