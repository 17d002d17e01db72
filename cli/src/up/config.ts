import { conventionNames } from "@meanet/bridge";
import { idSchema as id } from "@meanet/protocol";
import { configSchema as recorderConfigSchema } from "@meanet/recorder";
import { durationMs } from "@meanet/runtime";
import { z } from "zod";
import { frameEncodings } from "../replay/frame-source.ts";

/** What the recorder is told of an InfluxDB, by its own name of the setting. */
const influxSettings = {
  influx: "url",
  influxVersion: "version",
  influxOrg: "org",
  influxBucket: "bucket",
  influxToken: "token",
  influxUsername: "username",
  influxPassword: "password",
} as const;

/** Settings of `meanet up`. Those of the processes themselves are taken from their own variables, `MEANET__EDGE__…`. */
export const upConfigSchema = z
  .strictObject({
    frames: z
      .int()
      .min(1)
      .optional()
      .describe("end when so many frames have their final verdict; left out: go on until Ctrl-C"),
    rate: z.number().positive().max(100_000).default(100).describe("frames per second, all cameras together"),
    devices: z.int().min(1).max(256).default(4).describe("simulated cameras"),
    replay: z.boolean().default(true).describe("simulate cameras; false waits for devices of your own"),
    flows: z
      .boolean()
      .optional()
      .describe("run Node-RED with dashboard and flows; left out: yes, unless frames tells when to end"),
    flowsPort: z
      .int()
      .min(0)
      .max(65535)
      .optional()
      .describe("port of dashboard and editor; left out: 1880, or a free one when port is 0"),
    encoding: z
      .enum(frameEncodings)
      .default("png")
      .describe("what the cameras send: PNG pictures or raw bytes of the model's input"),
    policy: z
      .string()
      .optional()
      .describe(
        "who asks the cloud when: meanet (the default), edge-only, cloud-only, random:p with p from 0 to 1",
      ),
    sensors: z
      .boolean()
      .default(false)
      .describe(
        "simulate sensors beside the cameras, with windows of UCI HAR, which you get yourself: see sensor-data",
      ),
    sensorData: z
      .string()
      .min(1)
      .optional()
      .describe("folder of UCI HAR for sensors; left out: ~/.cache/meanet/uci-har"),
    speed: z
      .number()
      .positive()
      .max(10_000)
      .default(1)
      .describe("how much faster than in life the sensors send their windows"),
    bundles: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "bundles of the zoo by name, or folders, one for each kind of input; left out: fashion-mnist, with sensors uci-har too",
      ),
    thumbnails: durationMs
      .prefault("1s")
      .describe(
        "show small pictures of frames: one of each device in this time, and those where edge and cloud disagree; 0s: none",
      ),
    edges: z.int().min(1).max(16).default(1).describe("edge nodes that share the site"),
    workers: z
      .int()
      .min(0)
      .max(16)
      .default(1)
      .describe(
        "cloud workers that share the complex frames; 0 for a bundle of edges alone, with policy edge-only",
      ),
    broker: z
      .string()
      .regex(/^(mqtts?|wss?|tcp):\/\/.+/, "expected a URL such as mqtt://127.0.0.1:1883")
      .optional()
      .describe("use the broker at this URL and start none"),
    port: z
      .int()
      .min(0)
      .max(65535)
      .default(1883)
      .describe("port of the broker that is started; 0 picks a free one and prints it"),
    influx: z
      .string()
      .optional()
      .describe(
        "InfluxDB that the recorder forwards to: http://host:port/database, of versions 2 and 3 http://host:port",
      ),
    influxVersion: z.literal([1, 2, 3]).default(1).describe("release of the InfluxDB"),
    influxOrg: z.string().optional().describe("organisation, InfluxDB 2"),
    influxBucket: z.string().optional().describe("bucket of InfluxDB 2, database of InfluxDB 3"),
    influxToken: z
      .string()
      .optional()
      .describe(
        "token of InfluxDB 2 or 3; better in a variable or file than in a flag, which others can see",
      ),
    influxUsername: z.string().optional().describe("user name at InfluxDB 1, if it asks for one"),
    influxPassword: z
      .string()
      .optional()
      .describe("password at InfluxDB 1; better in a variable or file than in a flag, which others can see"),
    conventions: z
      .array(z.enum(conventionNames))
      .default([])
      .describe(
        `conventions of other ecosystems that a bridge passes nodes and cameras on in: ${conventionNames.join(", ")}; left out: no bridge`,
      ),
    site: id.default("default").describe("site of all nodes and cameras"),
    state: z
      .string()
      .min(1)
      .default(".meanet/up")
      .describe("folder for everything it keeps: journals, store, logs"),
    json: z.boolean().default(false).describe("print the summary as one JSON object on the last line"),
  })
  .superRefine((config, context) => {
    // The recorder's own rules: told now, and not by a process that does not start.
    if (config.influx === undefined) return;
    const told = Object.fromEntries(
      Object.entries(influxSettings).map(([key, name]) => [name, config[key as keyof typeof influxSettings]]),
    );
    for (const issue of recorderConfigSchema.shape.influx.safeParse(told).error?.issues ?? []) {
      const [key] = Object.entries(influxSettings).find(([, name]) => name === issue.path[0]) ?? ["influx"];
      context.addIssue({ code: "custom", path: [key], message: issue.message, input: undefined });
    }
  });
export type UpConfig = z.output<typeof upConfigSchema>;
