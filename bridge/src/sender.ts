import { isMeanetError } from "@meanet/runtime";
import type { MqttSession } from "@meanet/session";
import type { Outbound } from "./outbound.ts";
import type { Tally } from "./tally.ts";

/** Publishes in order; tells when something could not be published, so that everything is told again. */
export class Sender {
  readonly #session: MqttSession;
  readonly #tally: Tally;
  readonly #onLost: () => void;
  readonly #pending = new Set<Promise<void>>();

  constructor(session: MqttSession, tally: Tally, onLost: () => void) {
    this.#session = session;
    this.#tally = tally;
    this.#onLost = onLost;
  }

  send(messages: readonly Outbound[]): void {
    for (const { topic, payload, qos, retain } of messages) {
      const sent = this.#session
        .publishBytes(topic, payload, { qos, retain })
        .catch((error: unknown) => {
          if (!isMeanetError(error)) throw error;
          return false;
        })
        .then((published) => {
          this.#pending.delete(sent);
          if (published) {
            this.#tally.count("published");
            return;
          }
          this.#tally.drop("unpublished");
          this.#onLost();
        });
      this.#pending.add(sent);
    }
  }

  /** Resolves when the broker has all of it, or never will. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
