import { isMeanetError } from "@meanet/runtime";
import { MqttSession, type SessionOptions } from "@meanet/session";
import type { Convention } from "./convention.ts";
import { emptyModel, type Model } from "./device-model.ts";
import { foreignTopic } from "./foreign-topic.ts";
import { Sender } from "./sender.ts";
import type { SettingWriter } from "./setting-writer.ts";
import {
  asksForRebirth,
  birthMessages,
  changeMessages,
  deathMessage,
  propertyOf,
  type SparkplugOptions,
  type SparkplugState,
} from "./sparkplug.ts";
import { decodeCommand, type WrittenMetric } from "./sparkplug-payload.ts";
import type { Tally } from "./tally.ts";

export interface SparkplugLinkOptions extends SparkplugOptions {
  /** For a session of its own: the last will is the death of the edge node. */
  readonly session: Pick<SessionOptions, "mqtt" | "node" | "site" | "log">;
  readonly writer: SettingWriter;
  readonly tally: Tally;
}

/** Births, data and deaths as the model changes; commands of host applications are passed on. */
export class SparkplugLink implements Convention {
  readonly #options: SparkplugLinkOptions;
  readonly #session: MqttSession;
  readonly #sender: Sender;
  #model: Model = emptyModel;
  /** Undefined: the births are due. */
  #state: SparkplugState | undefined;

  constructor(options: SparkplugLinkOptions) {
    const { group, node, session, writer, tally } = options;
    this.#options = options;
    this.#session = new MqttSession({
      ...session,
      will: (connects) => deathMessage(connects, options, Date.now()),
    });
    // A message that was lost leaves a gap in seq: everything is born again.
    this.#sender = new Sender(this.#session, tally, () => {
      this.#state = undefined;
    });
    this.#session.onConnected(() => this.#reset());
    const delivery = { qos: 1, retain: false } as const;
    this.#session.subscribe(foreignTopic(`spBv1.0/${group}/NCMD/${node}`, delivery), {}, ({ value }) => {
      if (!asksForRebirth(this.#read(value))) return;
      tally.count("births");
      this.#reset();
    });
    const command = foreignTopic(`spBv1.0/${group}/DCMD/${node}/{device}`, delivery);
    this.#session.subscribe(command, {}, ({ params: { device }, value }) => {
      for (const metric of this.#read(value)) {
        const found = this.#state && propertyOf(this.#state, device, metric);
        if (found !== undefined) writer.write(found.structure, found.property, metric.value);
        else writer.refuse(`${device} has no metric ${metric.name ?? metric.alias}`);
      }
    });
  }

  connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#session.connect(timeoutMs, signal);
  }

  get ready(): boolean {
    return this.#session.ready;
  }

  update(model: Model): void {
    this.#model = model;
    if (!this.#session.ready || this.#state?.model === model) return;
    const { state, messages } =
      this.#state === undefined
        ? birthMessages(this.#connection, model, this.#options, Date.now())
        : changeMessages(this.#state, model, this.#options, Date.now());
    this.#state = state;
    this.#sender.send(messages);
  }

  /** A clean end is no death to the broker: it is told. */
  async stop(): Promise<void> {
    await this.#sender.sayGoodbye(deathMessage(this.#connection, this.#options, Date.now()));
    await this.#session.close();
  }

  /** Number of this connection: its will was made with the same. */
  get #connection(): number {
    return this.#session.connects - 1;
  }

  /** Births, at once where there is a connection. */
  #reset(): void {
    this.#state = undefined;
    this.update(this.#model);
  }

  #read(payload: Uint8Array): readonly WrittenMetric[] {
    try {
      return decodeCommand(payload);
    } catch (error) {
      if (!isMeanetError(error, "PAYLOAD_INVALID")) throw error;
      this.#options.writer.refuse(error.message);
      return [];
    }
  }
}
