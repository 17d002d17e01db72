import type { NodeEnergy, Setting, SettingState, Training } from "@meanet/protocol";
import { type Logger, MeanetError } from "@meanet/runtime";
import { type MqttConfig, MqttSession } from "@meanet/session";

const SET_TIMEOUT_MS = 10_000;

export interface EdgeRemoteOptions {
  readonly mqtt: MqttConfig;
  readonly site: string;
  /** Its name, `edge-1`. */
  readonly edge: string;
  /** Client id at the broker. */
  readonly clientId: string;
  readonly log: Logger;
  readonly onTraining: (event: Training) => void;
}

/** An edge node as seen through its topics: its settings, its training, its joules. */
export class EdgeRemote {
  readonly #session: MqttSession;
  readonly #levels: { readonly site: string; readonly edge: string };
  readonly #waiting = new Map<string, (state: SettingState) => void>();
  #energy: NodeEnergy | undefined;

  constructor(options: EdgeRemoteOptions) {
    const { mqtt, site, edge, clientId, log } = options;
    this.#session = new MqttSession({ mqtt, node: clientId, site, log });
    this.#levels = { site, edge };
    const { topics } = this.#session;
    this.#session.subscribe(topics.state, this.#levels, ({ params, value, retained }) => {
      if (!retained) this.#waiting.get(params.setting)?.(value);
    });
    this.#session.subscribe(topics.training, { site, node: edge }, ({ value }) => options.onTraining(value));
    this.#session.subscribe(topics.energy, { site, node: edge }, ({ value }) => {
      this.#energy = value;
    });
  }

  /** What it has used since its start, as it last said. */
  get energy(): NodeEnergy | undefined {
    return this.#energy;
  }

  /** @throws {MeanetError} BROKER_UNREACHABLE */
  connect(timeoutMs: number): Promise<void> {
    return this.#session.connect(timeoutMs);
  }

  /** Resolves when the value is in force. @throws {MeanetError} SETTING_INVALID with the edge's reason, SCENARIO_INCOMPLETE when it says nothing */
  async set(setting: Setting, value: string | number): Promise<void> {
    const answered = Promise.withResolvers<SettingState>();
    this.#waiting.set(setting, answered.resolve);
    const timer = setTimeout(() => {
      const text = `${this.#levels.edge} did not answer to ${setting} = ${value} within ${SET_TIMEOUT_MS} ms: its log tells why`;
      answered.reject(new MeanetError("SCENARIO_INCOMPLETE", text, { setting, value }));
    }, SET_TIMEOUT_MS);
    try {
      await this.#session.publish(this.#session.topics.set, { ...this.#levels, setting }, value);
      const { error } = await answered.promise;
      if (error !== null) throw new MeanetError("SETTING_INVALID", error, { setting, value });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(setting);
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
