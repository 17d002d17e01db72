import { idSchema as id } from "@meanet/protocol";
import { durationMs, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";

/** Settings of a camera. */
export const configSchema = z
  .strictObject({
    input: z
      .string({ error: "expected what ffmpeg is to read, such as /dev/video0 or rtsp://…" })
      .min(1)
      .describe("what ffmpeg reads: rtsp://…, /dev/video0, http://…, a video file; - for standard input"),
    inputFormat: z.string().optional().describe("format of the input, where ffmpeg cannot tell it: v4l2"),
    inputOptions: z
      .array(z.string())
      .default([])
      .describe('further options of ffmpeg for the input, such as ["-framerate", "5"]'),
    site: id.default("default").describe("site whose edge nodes answer"),
    device: id.default("camera").describe("name of this camera, and client id at the broker"),
    rate: z
      .number()
      .positive()
      .max(1000)
      .default(1)
      .describe("frames per second; the pictures in between are left out"),
    maxPixels: z
      .int()
      .min(16)
      .max(8192)
      .default(640)
      .describe("longest side of a frame; a larger picture is scaled down"),
    quality: z.int().min(2).max(31).default(4).describe("ffmpeg's scale of JPEG: 2 is best, 31 is smallest"),
    qos: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe("1: every frame ends in a recorded verdict; 0: the edge may drop it under load"),
    maxOutstanding: z
      .int()
      .min(1)
      .max(1000)
      .default(16)
      .describe("frames that may await their verdict; past it pictures are left out, and counted"),
    verdictTimeout: timerMs.prefault("10s").describe("time after which a frame counts as unanswered"),
    verdicts: z
      .enum(["changes", "all", "none"])
      .default("changes")
      .describe("verdicts that are logged: those with another label than the one before, all, or none"),
    silence: timerMs.prefault("30s").describe("time without a picture after which the input is opened again"),
    reopenAfter: durationMs
      .refine((ms) => ms >= 10 && ms <= 60_000, 'expected "10ms" to "1m"')
      .prefault("1s")
      .describe(
        "wait before an input that ended or failed is opened again; doubles up to 30 s while it fails",
      ),
    summaryInterval: timerMs.prefault("1m").describe("time between two lines of log with what was counted"),
    ffmpeg: z.string().min(1).default("ffmpeg").describe("program that reads the input"),
    mqtt: mqttConfigSchema,
  })
  .refine(({ rate, silence }) => silence > 1000 / rate, {
    path: ["silence"],
    message: "expected more than the time between two frames at this rate",
  });
export type Config = z.output<typeof configSchema>;
