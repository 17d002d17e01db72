import { MqttSession, type SessionOptions } from "@meanet/session";
import type { Convention } from "./convention.ts";
import { emptyModel, type Model } from "./device-model.ts";
import { foreignTopic } from "./foreign-topic.ts";
import {
  type HomieOptions,
  homieMessages,
  keyOfDevice,
  parseWritten,
  propertyAt,
  rootState,
  topicsOfDescription,
} from "./homie.ts";
import { Leftovers } from "./leftovers.ts";
import { removal } from "./outbound.ts";
import { Sender } from "./sender.ts";
import type { SettingWriter } from "./setting-writer.ts";
import type { Tally } from "./tally.ts";

export interface HomieLinkOptions extends HomieOptions {
  /** For a session of its own: the last will is that of the root device. */
  readonly session: Pick<SessionOptions, "mqtt" | "node" | "site" | "log">;
  readonly writer: SettingWriter;
  readonly forgetMs: number;
  /** Milliseconds on a steady clock. */
  readonly now: () => number;
  readonly tally: Tally;
}

/** Keeps the retained topics of Homie as the model is, and passes on what controllers set. */
export class HomieLink implements Convention {
  readonly #options: HomieLinkOptions;
  readonly #session: MqttSession;
  readonly #sender: Sender;
  readonly #leftovers = new Leftovers<readonly string[]>();
  /** Undefined: nothing has been told on this connection. */
  #told: Model | undefined;

  constructor(options: HomieLinkOptions) {
    const { session, prefix, site, writer, now, tally } = options;
    this.#options = options;
    this.#session = new MqttSession({ ...session, will: () => rootState("lost", options) });
    this.#sender = new Sender(this.#session, tally, () => this.#tellAnew());
    this.#session.onConnected(() => this.#tellAnew());

    const set = foreignTopic(`${prefix}/5/{device}/{node}/{property}/set`, { qos: 1, retain: false });
    this.#session.subscribe(set, {}, ({ params, value, retained }) => {
      if (keyOfDevice(params.device, { prefix, site }) === undefined) return;
      const found = propertyAt(this.#told ?? emptyModel, params, options);
      // A controller publishes without retain; what is retained is an old wish.
      if (found === undefined || retained) {
        writer.refuse(`${set.format(params)}: nothing to set`);
        return;
      }
      writer.write(
        found.structure,
        found.property,
        parseWritten(found.property, Buffer.from(value).toString()),
      );
    });
    const described = foreignTopic(`${prefix}/5/{device}/$description`, { qos: 1, retain: true });
    this.#session.subscribe(described, {}, ({ params: { device }, value, retained }) => {
      const key = keyOfDevice(device, options);
      if (!retained || key === undefined || value.byteLength === 0) return;
      this.#leftovers.note(key, topicsOfDescription(device, Buffer.from(value).toString(), options), now());
    });
  }

  connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#session.connect(timeoutMs, signal);
  }

  get ready(): boolean {
    return this.#session.ready;
  }

  update(model: Model): void {
    if (!this.#session.ready) return;
    const before = this.#told;
    this.#told = model;
    this.#sender.send(homieMessages(before, model, this.#options));
    const { now, forgetMs } = this.#options;
    this.#sender.send(this.#leftovers.takeGone(model, now(), forgetMs).flat().map(removal));
  }

  async stop(): Promise<void> {
    await this.#sender.sayGoodbye(rootState("disconnected", this.#options));
    await this.#session.close();
  }

  #tellAnew(): void {
    this.#told = undefined;
  }
}
