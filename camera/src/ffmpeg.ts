import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { exitOf, MeanetError, withoutSecret } from "@meanet/runtime";
import { Observable } from "rxjs";
import type { Config } from "./config.ts";
import { MultipartReader } from "./multipart.ts";

export type Input = Pick<
  Config,
  "ffmpeg" | "input" | "inputFormat" | "inputOptions" | "rate" | "maxPixels" | "quality"
>;

/** As the input: what another program writes to this one. */
export const STANDARD_INPUT = "-";
const MAX_PICTURE_BYTES = 16 * 1024 * 1024;
/** Of what ffmpeg says last, for the error. */
const MAX_WORDS = 500;

/** @throws {MeanetError} FFMPEG_MISSING */
export async function checkFfmpeg(program: string): Promise<void> {
  const { code } = await exitOf(spawn(program, ["-version"], { stdio: "ignore" }));
  if (code === 0) return;
  throw new MeanetError(
    "FFMPEG_MISSING",
    `${program} does not run here, and it is what reads the camera: install it (apt-get install ffmpeg), or name it with the setting ffmpeg`,
    { program },
  );
}

/**
 * The pictures of an input as JPEG, at the wished rate and size, for as long as it gives any. Completes at its end; fails with
 * CAMERA_FAILED and what ffmpeg said. Unsubscribing ends ffmpeg.
 */
export function picturesOf(input: Input): Observable<Buffer> {
  return new Observable((subscriber) => {
    const child = spawn(input.ffmpeg, argumentsFor(input), {
      stdio: [input.input === STANDARD_INPUT ? "inherit" : "ignore", "pipe", "pipe"],
    });
    const reader = new MultipartReader(MAX_PICTURE_BYTES);
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-MAX_WORDS);
    });
    child.stdout.on("data", (chunk: Uint8Array) => {
      try {
        for (const picture of reader.read(chunk)) subscriber.next(picture);
      } catch (error) {
        subscriber.error(error);
      }
    });
    child.once("error", (cause) => subscriber.error(failed(cause.message, cause)));
    child.once("close", (code, signal) => {
      if (code === 0) subscriber.complete();
      else subscriber.error(failed(words.trim() || `it ended with ${signal ?? `exit code ${code}`}`));
    });
    // An orderly end would save nothing, and one that waits for a silent camera may not hear of it.
    return () => child.kill("SIGKILL");
  });

  function failed(said: string, cause?: unknown): MeanetError {
    const name = input.input === STANDARD_INPUT ? "standard input" : withoutSecret(input.input);
    // ffmpeg names the input as it was given.
    const text = withoutSecret(said);
    return new MeanetError("CAMERA_FAILED", `cannot read ${name}: ${text}`, { input: name }, { cause });
  }
}

function argumentsFor({ input, inputFormat, inputOptions, rate, maxPixels, quality }: Input): string[] {
  const side = (of: string) => `'min(${maxPixels},${of})'`;
  return [
    ...["-hide_banner", "-loglevel", "error"],
    ...(input === STANDARD_INPUT ? [] : ["-nostdin"]),
    // A file would be read as fast as the machine can.
    ...(isFile(input) ? ["-re"] : []),
    // Over UDP, its default, pictures arrive with holes.
    ...(input.startsWith("rtsp://") ? ["-rtsp_transport", "tcp"] : []),
    ...(inputFormat === undefined ? [] : ["-f", inputFormat]),
    ...inputOptions,
    ...["-i", input === STANDARD_INPUT ? "pipe:0" : input],
    ...["-an", "-sn", "-dn"],
    ...["-vf", `fps=${rate},scale=w=${side("iw")}:h=${side("ih")}:force_original_aspect_ratio=decrease`],
    ...["-c:v", "mjpeg", "-q:v", String(quality), "-f", "mpjpeg", "-flush_packets", "1", "pipe:1"],
  ];
}

function isFile(input: string): boolean {
  return statSync(input, { throwIfNoEntry: false })?.isFile() === true;
}
