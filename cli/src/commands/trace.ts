import { resolve } from "node:path";
import { isId } from "@meanet/protocol";
import { type FrameRecord, findFrames } from "@meanet/recorder";
import { loadConfig, MeanetError } from "@meanet/runtime";
import { Argument, Command } from "commander";
import { z } from "zod";
import { askRecorder, recordedSettings } from "../ask-recorder.ts";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { otlpTraces } from "../trace/otlp.ts";
import { choiceText, traceText } from "../trace/text.ts";

const traceConfigSchema = z.strictObject({
  device: z.string().optional().describe("the device that sent it, where several used the id"),
  site: z.string().optional().describe("the site of that device"),
  json: z.boolean().default(false).describe("print all that is recorded as one JSON object"),
  otlp: z
    .boolean()
    .default(false)
    .describe("print an OpenTelemetry trace in OTLP's JSON form, for POST /v1/traces of a collector"),
  ...recordedSettings,
});
type TraceConfig = z.output<typeof traceConfigSchema>;

export function traceCommand(): Command {
  const command = new Command("trace")
    .description("Tells the way of one frame: verdicts, times of its stages, joules, probabilities.")
    .addArgument(new Argument("<frame>", "id of the frame"));
  addConfigOptions(command, "trace", traceConfigSchema);
  return command
    .addHelpText("after", "\nThe id stands in the frame's topic, in its verdict, and in the store.")
    .action(runTrace);
}

async function runTrace(id: string, values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("trace", traceConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(traceConfigSchema, values),
  });
  const frames = await find(id, config);
  const [frame] = frames;
  if (config.json) console.log(JSON.stringify({ id, frames }));
  else if (config.otlp) {
    console.log(JSON.stringify({ resourceSpans: frames.flatMap((one) => otlpTraces(one).resourceSpans) }));
  } else console.log(frames.length === 1 ? traceText(frame!) : choiceText(frames));
}

/** @throws {MeanetError} QUERY_INVALID, FRAME_UNKNOWN, STORE_UNUSABLE, RECORDER_UNREACHABLE */
async function find(id: string, { device, site, store, recorder }: TraceConfig): Promise<FrameRecord[]> {
  if (!isId(id)) {
    throw new MeanetError(
      "QUERY_INVALID",
      `a frame's id is 1 to 64 of a-z, 0-9 and "-", received ${JSON.stringify(id)}`,
    );
  }
  if (recorder === undefined) return findFrames(resolve(store), id, { device, site });
  const answer = await askRecorder(recorder, `/frame/${id}`, { device, site });
  return (answer as { frames: FrameRecord[] }).frames;
}
