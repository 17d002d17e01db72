import { idSchema as id } from "@meanet/protocol";
import { durationMs, httpConfigSchema, passwordHashSchema, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";

/** Settings of the process that runs Node-RED. */
export const configSchema = z.strictObject({
  site: id.default("default").describe("site that the delivered flows watch, and that this node belongs to"),
  node: id.default("flows").describe("name of this node, and client id at the broker"),
  state: z
    .string()
    .min(1)
    .default(".meanet/flows")
    .describe("folder of Node-RED: flows.json, its credentials and their key, settings, installed nodes"),
  mqtt: mqttConfigSchema,
  http: httpConfigSchema,
  editor: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default("127.0.0.1")
        .describe("address of editor and dashboard; any but a loopback address needs a login"),
      port: z
        .int()
        .min(0)
        .max(65535)
        .default(1880)
        .describe("port of editor and dashboard; 0 picks a free one"),
    })
    .prefault({}),
  login: z
    .strictObject({
      username: z.string().min(1).max(128).describe("who may use editor and dashboard"),
      password: passwordHashSchema.describe("scrypt hash; `meanet broker hash-password` prints one"),
    })
    .optional(),
  recorder: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe(
          "recorder's HTTP listener, http://127.0.0.1:8080, where flows ask for figures and thumbnails",
        ),
    })
    .prefault({}),
  deliver: z
    .array(id)
    .optional()
    .describe("delivered flows to install, by name; left out: all; a user's own flows are never touched"),
  install: z
    .boolean()
    .default(false)
    .describe("let the editor look for further nodes on the internet and install them with npm"),
  memoryMb: z
    .int()
    .min(64)
    .default(512)
    .describe("megabytes of heap that Node-RED may use; beyond it, it is started anew"),
  statsInterval: timerMs.prefault("5s").describe("time between two publications of this node's stats"),
  startTimeout: durationMs
    .prefault("60s")
    .describe("time after which a Node-RED that does not answer has failed to start"),
  stopTimeout: durationMs
    .prefault("10s")
    .describe("time that Node-RED gets to stop its flows before it is killed"),
  restartWait: durationMs
    .prefault("500ms")
    .describe("wait before a Node-RED that ended is started again; doubles with each further end"),
  maxRestartWait: durationMs.prefault("30s").describe("longest wait before a restart"),
});
export type Config = z.output<typeof configSchema>;
