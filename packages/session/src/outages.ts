import { type Logger, withoutSecret } from "@meanet/runtime";
import { connectionAdvice } from "./connection-advice.ts";

/** So many connections in a row that last so few milliseconds are no bad network: another client takes them over. */
const SHORT = { connections: 3, ms: 10_000 };

/** Logs that there is no connection to the broker, once per outage, and which setting to look at. */
export class Outages {
  readonly #options: { readonly url: string; readonly node: string; readonly log: Logger };
  #isTold = false;
  #connectedAtMs: number | undefined;
  #shortConnections = 0;

  constructor(options: { readonly url: string; readonly node: string; readonly log: Logger }) {
    this.#options = options;
  }

  connected(): void {
    this.#isTold = false;
    this.#connectedAtMs = performance.now();
  }

  /** A connection ended, or an attempt at one did. */
  disconnected(): void {
    if (this.#connectedAtMs === undefined) return;
    const isShort = performance.now() - this.#connectedAtMs < SHORT.ms;
    this.#shortConnections = isShort ? this.#shortConnections + 1 : 0;
    this.#connectedAtMs = undefined;
  }

  /** Logged once per outage, though the client tries again every second. */
  tell(error?: Error): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { url, log } = this.#options;
    const advice = connectionAdvice(error) ?? this.#takenAdvice();
    log.warn(
      { url: withoutSecret(url), err: error },
      `no connection to the broker; trying again${advice === undefined ? "" : `: ${advice}`}`,
    );
  }

  /** MQTT 3.1.1 gives no reason: a broker just ends the connection of a client when another with its id connects. */
  #takenAdvice(): string | undefined {
    if (this.#shortConnections < SHORT.connections) return undefined;
    return `${this.#shortConnections} connections in a row ended within seconds; is another client called ${this.#options.node} there? Each needs a name of its own`;
  }
}
