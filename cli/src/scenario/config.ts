import { z } from "zod";

/** Who tells the edge what a frame shows: people, or the cloud's answers alone. */
const labelSources = ["true", "teacher"] as const;

/** Settings of `meanet scenario low-light`. Those of the edge node itself are taken from its own variables, `MEANET__EDGE__…`. */
export const lowLightConfigSchema = z.strictObject({
  bundle: z.string().default("fashion-mnist").describe("bundle of the zoo by name, or a folder"),
  data: z
    .string()
    .optional()
    .describe("folder of the official files; left out: Debian's package, else the download"),
  seed: z.int().min(0).default(1).describe("seed of frames, noise and labels"),
  labels: z
    .enum(labelSources)
    .default("true")
    .describe(
      "true: true classes arrive for a share of the frames; teacher: the cloud's answers alone teach",
    ),
  labelShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("share of the frames in low light whose true class is told"),
  items: z
    .int()
    .min(1)
    .optional()
    .describe(
      "labelled frames of hard classes at which the edge trains; left out: 800 of people, 400 of the cloud, which is sure of fewer",
    ),
  severity: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("severity of the low light: 0 is none, 1 leaves little"),
  frames: z
    .int()
    .min(1)
    .default(1_000)
    .describe("frames watched in each of three phases: clean, in low light before learning, after it"),
  judged: z
    .int()
    .min(1)
    .default(3_000)
    .describe("frames, streamed to no one before, that the figures before and after come from"),
  rate: z.number().positive().max(100_000).default(100).describe("frames per second of the camera"),
  patienceS: z
    .number()
    .positive()
    .default(180)
    .describe("seconds of low light after which no adaptation is waited for any more"),
  out: z
    .string()
    .min(1)
    .default(".meanet/scenario/low-light")
    .describe(
      "folder for plot and figures; the processes keep their state and logs in its folder site, made anew",
    ),
  json: z.boolean().default(false).describe("print the result as one JSON object on the last line"),
});
export type LowLightConfig = z.output<typeof lowLightConfigSchema>;
