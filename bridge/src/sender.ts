import { within } from "@meanet/runtime";
import type { MqttSession } from "@meanet/session";
import type { Outbound } from "./outbound.ts";
import type { Tally } from "./tally.ts";

/** What a goodbye may take. */
const GOODBYE_MS = 2_000;

/** Publishes in order; tells when something could not be published, so that everything is told again. */
export class Sender {
  readonly #session: MqttSession;
  readonly #tally: Tally;
  readonly #onLost: () => void;

  constructor(session: MqttSession, tally: Tally, onLost: () => void) {
    this.#session = session;
    this.#tally = tally;
    this.#onLost = onLost;
  }

  send(messages: readonly Outbound[]): void {
    for (const message of messages) void this.#publish(message);
  }

  /** Publishes the last message, and waits until the broker has it; not for long. */
  async sayGoodbye(message: Outbound): Promise<void> {
    if (!this.#session.connected) return;
    await within(GOODBYE_MS, () => this.#publish(message));
  }

  async #publish({ topic, payload, qos, retain }: Outbound): Promise<void> {
    // It rejects when too much waits for the broker already, and when the session has closed.
    const published = await this.#session.publishBytes(topic, payload, { qos, retain }).catch(() => false);
    if (published) {
      this.#tally.count("published");
      return;
    }
    this.#tally.drop("unpublished");
    this.#onLost();
  }
}
