import { connectDevice, type Device } from "@meanet/device";
import type { Training } from "@meanet/protocol";
import { createLog, MeanetError, StartedParts } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { startMeanet } from "../meanet-process.ts";
import { memoryOfTree } from "../memory.ts";
import { openState } from "../state-folder.ts";

const SITE = "bench";
const EDGE = "edge-1";

export interface LearningEdge {
  readonly device: Device;
  /** Asks for a training; resolves at its first epoch, when all is loaded and it computes. */
  begin(): Promise<void>;
  /** The training under way; resolves with its epochs when it has come to its end. */
  end(): Promise<readonly Extract<Training, { event: "epoch" }>[]>;
  /** Whether a training computes. */
  readonly training: boolean;
  /** Most bytes that the edge node has held. */
  peakBytes(): number;
  close(): Promise<void>;
}

/** A broker and an edge node that learns and puts nothing in force: every training starts from the same weights. */
export async function openLearningEdge(epochs: number): Promise<LearningEdge> {
  const parts = new StartedParts();
  const log = createLog("bench", "silent");
  return parts.guard(async () => {
    const state = await openState(parts);
    const broker = await startMeanet([
      "broker",
      "--listeners-tcp-port",
      "0",
      "--site",
      SITE,
      "--http-port",
      "0",
    ]);
    parts.add("broker", broker, (started) => started.stop());
    const url = broker.addresses.mqtt!;
    const edge = await startMeanet([
      ...["edge", "--mqtt-url", url, "--site", SITE, "--node", EDGE, "--state", state, "--http-port", "0"],
      ...["--policy", "edge-only", "--learning-enabled", "true", "--learning-trigger-items", "1000000"],
      ...["--learning-training-epochs", String(epochs), "--learning-margins-gain", "1"],
    ]);
    parts.add("edge", edge, (started) => started.stop());
    const mqtt = mqttConfigSchema.parse({ url });
    const device = await connectDevice({ mqtt, site: SITE, device: "bench-camera", log });
    parts.add("device", device, (connected) => connected.close());
    const session = new MqttSession({ mqtt, node: "bench-control", site: SITE, log });
    parts.add("control", session, (opened) => opened.close());
    const seen: Extract<Training, { event: "epoch" }>[] = [];
    let first = Promise.withResolvers<void>();
    let last = Promise.withResolvers<void>();
    let training = false;
    session.subscribe(session.topics.training, { site: SITE, node: EDGE }, ({ value }) => {
      if (value.event === "epoch") {
        seen.push(value);
        training = true;
        first.resolve();
      } else if (value.event === "refused") {
        training = false;
        last.resolve();
      } else if (value.event === "failed") {
        first.reject(new MeanetError("TRAINING_FAILED", value.reason));
      }
    });
    await session.connect();
    return {
      device,
      async begin() {
        first = Promise.withResolvers<void>();
        last = Promise.withResolvers<void>();
        seen.length = 0;
        await session.publish(session.topics.set, { site: SITE, edge: EDGE, setting: "train" }, "now");
        await first.promise;
      },
      async end() {
        await last.promise;
        return [...seen];
      },
      get training() {
        return training;
      },
      peakBytes: () => Math.max(0, ...memoryOfTree(edge.pid).map(({ peakBytes }) => peakBytes)),
      close: () => parts.stop(),
    };
  });
}
