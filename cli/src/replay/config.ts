import { datasetNames } from "@meanet/models";
import { idSchema as id } from "@meanet/protocol";
import { z } from "zod";
import { frameEncodings } from "./frame-source.ts";
import { imageSample } from "./open-stream.ts";

/** Settings of `meanet replay`. */
export const replayConfigSchema = z.strictObject({
  broker: z
    .string()
    .regex(/^(mqtts?|wss?|tcp):\/\/.+/, "expected a URL such as mqtt://127.0.0.1:1883")
    .default("mqtt://127.0.0.1:1883")
    .describe("broker to publish to"),
  site: id.default("default").describe("site of the devices"),
  dataset: z
    .enum([imageSample, ...datasetNames])
    .default(imageSample)
    .describe(
      `${imageSample}: images that come with the project; fashion-mnist, cifar-100: the official test sets; uci-har: the windows of its test subjects; image-folder, idx: the test part of a folder of your own`,
    ),
  data: z
    .string()
    .optional()
    .describe(
      "folder of the files; left out: Debian's package or the cache, else the download where there is one",
    ),
  frames: z.int().min(1).optional().describe("frames to publish; left out: go on until Ctrl-C"),
  rate: z
    .number()
    .positive()
    .max(100_000)
    .optional()
    .describe("images per second, all cameras together; left out: 100"),
  speed: z
    .number()
    .positive()
    .max(10_000)
    .optional()
    .describe("how much faster than in life sensors send their windows; left out: 1"),
  devices: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe("simulated devices; left out: four cameras, or a sensor for each subject"),
  encoding: z
    .enum(frameEncodings)
    .default("png")
    .describe(
      "what the cameras send: PNG pictures or raw bytes of the model's input; of an image-folder its files",
    ),
  json: z.boolean().default(false).describe("print the summary as one JSON object on the last line"),
});
