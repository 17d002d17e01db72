import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError, type MeanetError } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { firstValueFrom, lastValueFrom, take, timeout, toArray } from "rxjs";
import sharp from "sharp";
import { configSchema } from "./config.ts";
import { checkFfmpeg, picturesOf } from "./ffmpeg.ts";

const pattern = { inputFormat: "lavfi", input: "testsrc=size=320x240:rate=30:duration=1" };

function input(settings: Readonly<Record<string, unknown>>) {
  return configSchema.parse({ silence: "1h", ...settings });
}

async function failure(settings: Readonly<Record<string, unknown>>): Promise<MeanetError> {
  const error = await lastValueFrom(picturesOf(input(settings)).pipe(toArray())).then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(isMeanetError(error, "CAMERA_FAILED"));
  return error;
}

/** How many ffmpeg there are that read this. */
function processesOf(path: string): number {
  const lines = globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
    try {
      return [readFileSync(file, "utf8").split("\0")];
    } catch {
      // Ended meanwhile.
      return [];
    }
  });
  return lines.filter(([program, ...words]) => program === "ffmpeg" && words.includes(path)).length;
}

describe("pictures that ffmpeg reads", () => {
  const folder = mkdtempSync(join(tmpdir(), "meanet-camera-"));
  const video = join(folder, "a video.avi");
  before(() => {
    const made = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=0.5", "-c:v", "mjpeg", video];
    execFileSync("ffmpeg", ["-loglevel", "error", ...made]);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("are JPEGs at the wished rate, in proportion, no longer than the wished side", async () => {
    const pictures = await lastValueFrom(
      picturesOf(input({ ...pattern, rate: 5, maxPixels: 64 })).pipe(toArray()),
    );
    assert.equal(pictures.length, 5);
    for (const picture of pictures) {
      const { format, width, height } = await sharp(picture).metadata();
      assert.deepEqual([format, width, height], ["jpeg", 64, 48]);
    }
  });

  it("are not scaled up, and smaller at less quality", async () => {
    const one = async (quality: number) =>
      firstValueFrom(picturesOf(input({ ...pattern, quality })).pipe(take(1)));
    const [best, worst] = [await one(2), await one(31)];
    const { width, height } = await sharp(best).metadata();
    assert.deepEqual([width, height], [320, 240]);
    assert.ok(worst.length < best.length, `${worst.length} bytes, and ${best.length} at the best quality`);
  });

  it("end with their video", async () => {
    const pictures = await lastValueFrom(picturesOf(input({ input: video, rate: 10 })).pipe(toArray()));
    assert.equal(pictures.length, 5);
  });

  it("come from a network camera by HTTP, as motion JPEG", async (context) => {
    const still = await firstValueFrom(picturesOf(input(pattern)).pipe(take(1)));
    const server = createServer((_, response) => {
      response.setHeader("content-type", "multipart/x-mixed-replace; boundary=frame");
      const send = () => {
        response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${still.length}\r\n\r\n`);
        response.write(still);
        response.write("\r\n");
      };
      const timer = setInterval(send, 20);
      response.once("close", () => clearInterval(timer));
    }).listen(0, "127.0.0.1");
    context.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const camera = input({ input: `http://127.0.0.1:${port}/video`, rate: 20, maxPixels: 64 });
    const pictures = await firstValueFrom(picturesOf(camera).pipe(take(3), toArray()));
    for (const picture of pictures) assert.equal((await sharp(picture).metadata()).width, 64);
  });

  it("fail with what ffmpeg says, without the password of a network camera", async () => {
    assert.match((await failure({ input: join(folder, "none.avi") })).message, /none\.avi.*No such file/s);
    const { message } = await failure({ input: "rtsp://me:secret@127.0.0.1:1/live" });
    assert.match(message, /^cannot read rtsp:\/\/me:\*\*\*@127\.0\.0\.1:1\/live: .*Connection refused/s);
    assert.ok(!message.includes("secret"));
  });

  it("fail when the program is not ffmpeg", async () => {
    assert.match((await failure({ ffmpeg: "ls", input: "x" })).message, /cannot read x: /);
    await assert.rejects(checkFfmpeg("ffmpeg-of-nobody"), {
      code: "FFMPEG_MISSING",
      message: /ffmpeg-of-nobody does not run here/,
    });
  });

  it("leave no ffmpeg behind that waits for ever", async () => {
    const pipe = join(folder, "nobody-writes");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(firstValueFrom(picturesOf(input({ input: pipe })).pipe(timeout(300))), /Timeout/);
    await waitUntil(
      "ffmpeg has ended",
      () => processesOf(pipe),
      (left) => left === 0,
    );
  });
});
