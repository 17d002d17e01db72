import { randomBytes } from "node:crypto";
import { encodeWindow, type Topics, type Verdict } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import { type MqttConfig, MqttSession } from "@meanet/session";
import { type Answer, Outstanding } from "./outstanding.ts";

export type { Answer };

export interface DeviceOptions {
  readonly mqtt: MqttConfig;
  readonly site: string;
  /** Its level in the topics, `camera-1`. */
  readonly device: string;
  readonly log: Logger;
  /** Client id at the broker. Default: the device's name; a second connection of the same name ends the first. */
  readonly clientId?: string;
  /** Frames that may await their verdict. Default 1,000. */
  readonly maxOutstanding?: number;
  /** How long to try the first connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Ends that wait. */
  readonly signal?: AbortSignal | undefined;
}

export interface PublishOptions {
  /** `[a-z0-9-]{1,64}`, unique for the device; drawn at random when left out. The same id may be published again safely. */
  readonly id?: string;
  /** 1 (default): ends in a recorded verdict. 0: may be dropped under load. */
  readonly qos?: 0 | 1;
}

/** One camera or sensor at the broker. */
export interface Device {
  readonly name: string;
  readonly connected: boolean;
  /** Frames published that await their final verdict, and answers nobody has fetched. */
  readonly outstanding: number;
  /**
   * Publishes a frame: JPEG, PNG, WebP, or the raw bytes of the model's input. Resolves with its id when the broker has
   * taken it (QoS 1) or it is on its way (QoS 0).
   *
   * @throws {MeanetError} VERDICT_BACKLOG, PUBLISH_BACKLOG, PUBLISH_REFUSED, TOPIC_INVALID for an id that is none
   */
  publishFrame(frame: Uint8Array, options?: PublishOptions): Promise<string>;
  /**
   * Publishes a sensor window, as {@link publishFrame} does a frame; ids are unique over both.
   *
   * @param window - raw values [C, T], channel after channel, as the model's shape says; or bytes as the topic takes them
   */
  publishWindow(window: Float32Array | Uint8Array, options?: PublishOptions): Promise<string>;
  /** The final verdict of a frame or window, once. @throws {MeanetError} VERDICT_TIMEOUT */
  awaitVerdict(id: string, timeoutMs: number): Promise<Answer>;
  /** Calls `listener` with every verdict of this device, provisional and repeated ones too; returns what ends it. */
  onVerdict(listener: (verdict: Verdict) => void): () => void;
  /** Tells the true class of a frame, by name or index: live accuracy and training data. */
  label(id: string, label: string | number): Promise<void>;
  close(): Promise<void>;
}

/** Connects a device to its broker. @throws {MeanetError} BROKER_UNREACHABLE */
export async function connectDevice(options: DeviceOptions): Promise<Device> {
  const { site, device } = options;
  const session = new MqttSession({
    mqtt: options.mqtt,
    node: options.clientId ?? device,
    site,
    log: options.log,
  });
  const outstanding = new Outstanding({
    limit: options.maxOutstanding ?? 1_000,
    now: () => performance.now(),
  });
  const listeners = new Set<(verdict: Verdict) => void>();
  session.subscribe(session.topics.verdict, { site, device }, ({ value }) => {
    outstanding.arrived(value);
    for (const listener of listeners) listener(value);
  });
  try {
    await session.connect(options.connectTimeoutMs, options.signal);
  } catch (error) {
    await session.close();
    throw error;
  }

  return {
    name: device,
    get connected() {
      return session.connected;
    },
    get outstanding() {
      return outstanding.size;
    },
    publishFrame: (frame, given) => publish(session.topics.frame, frame, given),
    publishWindow: (window, given) =>
      publish(session.topics.window, window instanceof Float32Array ? encodeWindow(window) : window, given),
    awaitVerdict: (id, timeoutMs) => outstanding.wait(id, timeoutMs),
    onVerdict(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async label(id, label) {
      await session.publish(session.topics.label, { site, device, id }, { label });
    },
    close: () => session.close(),
  };

  async function publish(
    topic: Topics["frame"] | Topics["window"],
    payload: Uint8Array,
    { id = randomId(), qos = 1 }: PublishOptions = {},
  ): Promise<string> {
    const name = topic.format({ site, device, id });
    outstanding.expect(id);
    try {
      await session.publishBytes(name, payload, { qos, retain: false });
    } catch (error) {
      outstanding.forget(id);
      throw error;
    }
    return id;
  }
}

function randomId(): string {
  return randomBytes(12).toString("hex");
}
