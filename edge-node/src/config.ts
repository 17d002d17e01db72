import { deviceProfileNames, type UplinkName, uplinks } from "@meanet/energy";
import { idSchema as id } from "@meanet/protocol";
import { durationMs, httpConfigSchema, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";
import { inputKinds } from "./input-kind.ts";
import { learningConfigSchema } from "./learning/config.ts";
import { POLICY_FORMS, parsePolicy } from "./policy.ts";
import { thumbnailsConfigSchema } from "./thumbnails/config.ts";

const count = (least = 1) => z.int().min(least);
/** Node's timers take anything past 2^31-1 ms for 1 ms; far less is long enough. */
const wait = durationMs.refine((ms) => ms > 0 && ms <= 10 * 60_000, 'expected more than "0ms", up to "10m"');
const MIB = 1024 * 1024;

/** Each kind of input has its own queue and places: neither can crowd the other out. */
const limits = z
  .strictObject({
    frameBytes: count()
      .default(2 * MIB)
      .describe("largest frame; a larger one is refused, too-large"),
    framePixels: count().default(25_000_000).describe("most pixels that a picture may unfold to"),
    working: count()
      .default(128)
      .describe(
        "frames between decoding and final verdict, those that wait for the cloud included; of pictures and of windows so many each",
      ),
    waiting: count(0)
      .default(512)
      .describe(
        "frames that wait for a place, of each kind; then QoS 0 is dropped and QoS 1 refused, overload",
      ),
    waitingBytes: count()
      .default(64 * MIB)
      .describe("payloads of the frames of each kind that wait, together"),
    decoding: count().default(2).describe("frames of each kind decoded at once"),
    batch: count().default(32).describe("most frames of one run of an engine"),
    cloud: count()
      .default(64)
      .describe("requests to the cloud in flight, of each kind; past it the edge answers itself, busy"),
  })
  .prefault({});

const engine = z
  .strictObject({
    providers: z
      .array(z.enum(["cpu", "cuda", "webgpu"]))
      .min(1)
      .default(["cpu"])
      .describe("execution providers, the wished one first"),
    threads: count()
      .default(1)
      .describe("threads of each engine; each bundle has one for main and one for the extension"),
  })
  .prefault({});

const energy = z
  .strictObject({
    source: z
      .enum(["modelled", "rapl"])
      .default("modelled")
      .describe("modelled: by the device profile; rapl: measured by the processor, where it can"),
    device: z
      .enum(deviceProfileNames)
      .default("raspberry-pi-4")
      .describe("device profile that tells joules from operations"),
    uplink: z
      .enum(Object.keys(uplinks) as UplinkName[])
      .default("wifi")
      .describe("radio that the complex frames leave by"),
  })
  .prefault({});

const journal = z
  .strictObject({
    maxRows: count().default(1_000_000).describe("verdicts kept for replay"),
    maxAge: durationMs.prefault("30d").describe("age after which a verdict is forgotten"),
    durable: z
      .boolean()
      .default(true)
      .describe("wait for the disk, so that acknowledged verdicts survive a power cut"),
  })
  .prefault({});

/** Settings of an edge node. */
export const configSchema = z.strictObject({
  node: id.default("edge-1").describe("name of this edge node, unique at its broker"),
  site: id.default("default").describe("site whose frames it answers, with the other edge nodes of the site"),
  state: z
    .string()
    .min(1)
    .default(".meanet")
    .describe("folder for journal and settings; a folder per node within"),
  models: z
    .array(z.string().min(1))
    .min(1)
    .max(inputKinds.length)
    .default(["fashion-mnist"])
    .describe(
      "bundles, names of the zoo or folders: one for pictures, one for sensor windows, or one of them; what no bundle takes is refused, unsupported",
    ),
  policy: z
    .string()
    .refine((text) => parsePolicy(text) !== undefined, `expected one of ${POLICY_FORMS}`)
    .default("meanet")
    .describe(`who asks the cloud when: ${POLICY_FORMS}`),
  policySeed: z.int().default(1).describe("seed of the policy random"),
  threshold: z
    .number()
    .min(0)
    .optional()
    .describe("entropy in nats above which a picture is complex; left out: the bundle's own"),
  thresholdWindow: z
    .number()
    .min(0)
    .optional()
    .describe("entropy in nats above which a sensor window is complex; left out: the bundle's own"),
  deadline: wait
    .prefault("2s")
    .describe("time after a frame's arrival at which the edge's own answer stands if the cloud is silent"),
  silence: wait.prefault("500ms").describe("wait for a cloud answer before the frame is published again"),
  provisional: z
    .boolean()
    .default(false)
    .describe("publish the edge's answer at once while the cloud is asked"),
  onStop: z
    .enum(["keep", "leave"])
    .default("keep")
    .describe(
      "keep: the broker holds this node's share of QoS 1 frames until it is back; leave: the other edge nodes of the site take it over",
    ),
  limits,
  engine,
  energy,
  journal,
  learning: learningConfigSchema,
  thumbnails: thumbnailsConfigSchema,
  statsInterval: timerMs.prefault("5s").describe("time between two publications of stats and energy"),
  mqtt: mqttConfigSchema,
  http: httpConfigSchema,
});
export type Config = z.output<typeof configSchema>;
