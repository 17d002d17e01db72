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

describe("meanet camera", () => {
  const site = new Site();
  after(() => site.close());
  const video = join(site.folder, "gate.avi");
  before(async () => {
    const made = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=0.5", "-c:v", "mjpeg", video];
    execFileSync("ffmpeg", ["-loglevel", "error", ...made]);
    await site.startUp("--replay", "false");
  });

  it("publishes what is written to its standard input, and fails with its end", async () => {
    const { url } = site;
    const command = [
      process.execPath,
      "cli/bin/meanet.js",
      "camera",
      "--input",
      "-",
      "--input-format",
      "mjpeg",
    ];
    const flags = ["--device", "pipe", "--rate", "5", "--mqtt-url", url];
    const written = execFileSync("ffmpeg", [
      "-loglevel",
      "error",
      "-i",
      video,
      "-c",
      "copy",
      "-f",
      "mjpeg",
      "-",
    ]);
    const { status, stderr } = spawnSync(command[0]!, [...command.slice(1), ...flags], {
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
