import { DEFAULT_TOPIC_PREFIX, topicsUnder } from "@meanet/protocol";
import { createLog, StartedParts } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { startMeanet } from "./meanet-process.ts";
import type { FrameOutcome } from "./round.ts";
import type { Sample } from "./sample.ts";

const SITE = "bench";
const DEVICE = "relay";

export interface Relay {
  /** Ends when the subscriber has the message. */
  readonly send: (index: number) => Promise<FrameOutcome>;
  close(): Promise<void>;
}

/**
 * What carrying frames costs without looking at them: publisher → broker → subscriber, QoS 1, a broker of its own.
 *
 * @throws {MeanetError} PROCESS_FAILED, BROKER_UNREACHABLE
 */
export async function openRelay(sample: Sample): Promise<Relay> {
  const parts = new StartedParts();
  const arrivals = new Map<string, () => void>();
  const log = createLog("bench", "silent");
  const topics = topicsUnder(DEFAULT_TOPIC_PREFIX);
  return parts.guard(async () => {
    const broker = await startMeanet(["broker", "--listeners-tcp-port", "0", "--log-level", "warn"]);
    parts.add("broker", broker, (started) => started.stop());
    const mqtt = mqttConfigSchema.parse({ url: broker.addresses.mqtt });
    const open = (node: string) =>
      parts.add(node, new MqttSession({ mqtt, node, site: SITE, log }), (session) => session.close());
    const subscriber = open("bench-subscriber");
    subscriber.subscribe(topics.frame, { site: SITE, device: DEVICE }, ({ params: { id = "" } }) => {
      arrivals.get(id)?.();
      arrivals.delete(id);
    });
    await subscriber.connect();
    const publisher = open("bench-publisher");
    await publisher.connect();
    let sent = 0;
    return {
      send: async (index) => {
        const id = String(sent++);
        const arrived = new Promise<void>((resolve) => arrivals.set(id, resolve));
        const name = topics.frame.format({ site: SITE, device: DEVICE, id });
        await publisher.publishBytes(name, sample.payload(index), { qos: 1, retain: false });
        await arrived;
        return {};
      },
      close: () => parts.stop(),
    };
  });
}
