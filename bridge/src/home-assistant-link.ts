import type { MqttSession } from "@meanet/session";
import type { Convention } from "./convention.ts";
import { emptyModel, type Model } from "./device-model.ts";
import { foreignTopic } from "./foreign-topic.ts";
import {
  configTopic,
  discoveryMessages,
  type HomeAssistantOptions,
  keyOfConfigTopic,
} from "./home-assistant.ts";
import { Leftovers } from "./leftovers.ts";
import { removal } from "./outbound.ts";
import { Sender } from "./sender.ts";
import type { Tally } from "./tally.ts";

export interface HomeAssistantLinkOptions extends HomeAssistantOptions {
  /** The bridge's own session: discovery has no will of its own. */
  readonly session: MqttSession;
  readonly forgetMs: number;
  /** Milliseconds on a steady clock. */
  readonly now: () => number;
  readonly tally: Tally;
}

/** Keeps the discovery messages at the broker as the model is; all anew when Home Assistant or the connection comes back. */
export class HomeAssistantLink implements Convention {
  readonly #options: HomeAssistantLinkOptions;
  readonly #sender: Sender;
  readonly #leftovers = new Leftovers<string>();
  readonly #unlisten: () => void;
  #told: Model = emptyModel;

  constructor(options: HomeAssistantLinkOptions) {
    const { session, prefix, site, now, tally } = options;
    this.#options = options;
    this.#sender = new Sender(session, tally, () => this.#tellAnew());
    this.#unlisten = session.onConnected((connected) => {
      if (connected) this.#tellAnew();
    });
    const delivery = { qos: 1, retain: true } as const;
    const birth = foreignTopic(`${prefix}/status`, delivery);
    session.subscribe(birth, {}, ({ value }) => {
      if (Buffer.from(value).toString() !== "online") return;
      tally.count("births");
      this.#tellAnew();
    });
    const announced = foreignTopic(`${prefix}/device/{object}/config`, delivery);
    session.subscribe(announced, {}, ({ params, value, retained }) => {
      const topic = announced.format(params);
      const key = keyOfConfigTopic(topic, { prefix, site });
      if (retained && value.byteLength > 0 && key !== undefined) this.#leftovers.note(key, topic, now());
    });
  }

  /** The session is the bridge's, which connects it. */
  async connect(): Promise<void> {}

  get ready(): boolean {
    return this.#options.session.ready;
  }

  update(model: Model): void {
    const { session, now, forgetMs } = this.#options;
    if (!session.ready) return;
    const before = this.#told;
    this.#told = model;
    this.#sender.send(discoveryMessages(before, model, this.#options));
    this.#sender.send(this.#leftovers.takeGone(model, now(), forgetMs).map(removal));
  }

  /** What is announced stays: Home Assistant sees by their status that nodes are away. */
  async stop(): Promise<void> {
    this.#unlisten();
  }

  #tellAnew(): void {
    // Devices that go meanwhile have to be taken away nevertheless.
    for (const key of this.#told.devices.keys()) {
      this.#leftovers.note(key, configTopic(key, this.#options), this.#options.now());
    }
    this.#told = emptyModel;
  }
}
