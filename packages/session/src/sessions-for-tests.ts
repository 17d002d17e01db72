import { EventEmitter, once } from "node:events";
import { after, before, type TestContext } from "node:test";
import { topicsUnder } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema, type SessionOptions } from "./index.ts";
import { type Mosquitto, openWire, startMosquitto, type Wire } from "./testing/index.ts";

export const topics = topicsUnder();
export const edgeStatus = { kind: "edge", version: "1.0.0", models: ["m@1.0.0"] } as const;

let count = 0;
/** Names of its own for every session, since the tests of a file share a broker. */
export const fresh = (kind: string) => `${kind}-${++count}`;

interface Given extends Partial<Omit<SessionOptions, "mqtt">> {
  readonly url?: string;
}

/** A broker for the tests of a file; to be called at its top. What they open ends with each test. */
export function shareBroker() {
  let mosquitto: Mosquitto;
  before(async () => {
    // Unacknowledged messages beyond 20 would wait at the broker.
    mosquitto = await startMosquitto(["max_inflight_messages 100"]);
  });
  after(() => mosquitto.stop());
  return {
    open: (context: TestContext, { url = mosquitto.url, ...options }: Given = {}): MqttSession => {
      const session = new MqttSession({
        mqtt: mqttConfigSchema.parse({ url, reconnectInterval: "20ms" }),
        node: fresh("node"),
        site: "lab",
        log: createLog("test", "silent"),
        ...options,
      });
      context.after(() => session.close(500));
      return session;
    },
    /** A network to it that can fail. */
    openWireTo: async (context: TestContext): Promise<Wire> => {
      const wire = await openWire(mosquitto.port);
      context.after(() => wire.close());
      return wire;
    },
  };
}

export async function reconnect(session: MqttSession, wire: Wire): Promise<void> {
  const lost = new Promise<void>((resolve) => {
    const stop = session.onConnected((connected) => {
      if (connected) return;
      stop();
      resolve();
    });
  });
  wire.cut();
  await lost;
  wire.mend();
  await session.whenConnected(5_000);
}

/** Collects what arrives, and tells when there is enough. */
export class Inbox<T> {
  readonly items: T[] = [];
  readonly #events = new EventEmitter();

  readonly put = (item: T): void => {
    this.items.push(item);
    this.#events.emit("item");
  };

  async until(enough: (items: readonly T[]) => boolean): Promise<readonly T[]> {
    while (!enough(this.items)) await once(this.#events, "item");
    return this.items;
  }
}
