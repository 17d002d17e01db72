import { type DeviceProfileName, deviceProfileNames } from "@meanet/energy";
import { idSchema as id, WORKER_GROUP } from "@meanet/protocol";
import { httpConfigSchema, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";

const count = (least = 1) => z.int().min(least);
const MIB = 1024 * 1024;

/** Each bundle has its own queue and places: none can crowd another out. */
const limits = z
  .strictObject({
    batch: count().default(32).describe("most items of one run of an engine"),
    working: count().default(96).describe("items of each bundle in decoding and in its engine at once"),
    waiting: count(0)
      .default(512)
      .describe(
        "items of each bundle that wait for a place; past it the oldest is answered as failed, OVERLOAD",
      ),
    waitingBytes: count()
      .default(128 * MIB)
      .describe(
        "bytes of the frames of each bundle that wait; past it the oldest is answered as failed, OVERLOAD",
      ),
    decoding: count().default(2).describe("frames of each bundle decoded at once"),
    frameBytes: count()
      .default(2 * MIB)
      .describe("largest frame; a larger one is answered as failed, IMAGE_TOO_LARGE"),
    framePixels: count().default(25_000_000).describe("most pixels that a picture may unfold to"),
  })
  .prefault({});

const engine = z
  .strictObject({
    providers: z
      .array(z.enum(["cuda", "webgpu", "cpu"]))
      .min(1)
      .default(["cuda", "webgpu", "cpu"])
      .describe("execution providers, the wished one first; the first that starts is used"),
    threads: count().default(1).describe("threads of each engine on the CPU; each bundle has one"),
  })
  .prefault({});

const energy = z
  .strictObject({
    source: z
      .enum(["auto", "modelled", "measured"])
      .default("auto")
      .describe(
        "auto: NVML where the engine runs on a GPU and nvidia-smi tells power, else the profile; measured: on the CPU RAPL too",
      ),
    device: z
      .enum(deviceProfileNames as [DeviceProfileName, ...DeviceProfileName[]])
      .optional()
      .describe("device profile of modelled energy; left out: gpu-server on a GPU, else x86-server"),
  })
  .prefault({});

/** Settings of a cloud worker. */
export const configSchema = z.strictObject({
  node: id.default("worker-1").describe("name of this worker, unique at its broker"),
  site: id.default("default").describe("site under which it reports its status, stats and energy"),
  serves: id.optional().describe("only site whose items it answers; left out: every site"),
  group: z
    .string()
    .regex(/^[a-z0-9-]{1,80}$/, 'expected 1 to 80 of a-z, 0-9 and "-"')
    .default(WORKER_GROUP)
    .describe("share group: each item goes to one worker of the group"),
  models: z
    .array(z.string().min(1))
    .min(1)
    .max(16)
    .default(["fashion-mnist"])
    .describe(
      "bundles, names of the zoo or folders; an item is answered by the cloud network of the bundle that it names, and fails as MODEL_MISMATCH when it is none of these",
    ),
  limits,
  engine,
  energy,
  statsInterval: timerMs.prefault("5s").describe("time between two publications of stats and energy"),
  mqtt: mqttConfigSchema,
  http: httpConfigSchema,
});
export type Config = z.output<typeof configSchema>;
