import { randomUUID } from "node:crypto";
import { edgeGroup } from "@meanet/protocol";
import type { MqttSession } from "@meanet/session";
import { Subject } from "rxjs";
import type { Frame } from "./stages.ts";

export interface Clock {
  /** Milliseconds since 1970. */
  readonly nowEpochMs: () => number;
  /** Milliseconds since the start of the process; only runs forward. */
  readonly nowMs: () => number;
}

/**
 * The frames of the site, this node's share of them.
 *
 * A frame of QoS 1 is acknowledged by its handler; one that arrives after `stop` is not, and stays at the broker for this node's next
 * start, or for another node of the site once the broker gives the session up.
 */
export class Intake {
  readonly frames = new Subject<Frame>();
  readonly #clock: Clock;
  #open = true;
  #count = 0;

  constructor(session: MqttSession, clock: Clock) {
    this.#clock = clock;
    const { topics, site } = session;
    for (const [kind, topic] of [
      ["image", topics.frame],
      ["window", topics.window],
    ] as const) {
      session.subscribe(
        topic,
        { site },
        ({ params: { device, id }, payload, qos, acknowledge }) => {
          this.#take({ kind, device, payload, qos, acknowledge }, id);
        },
        { group: edgeGroup(site), acknowledge: "by-handler" },
      );
    }
  }

  /** Frames taken since the start. */
  get count(): number {
    return this.#count;
  }

  /** Takes no more; what was taken goes on. */
  stop(): void {
    this.#open = false;
    this.frames.complete();
  }

  #take(arrived: Pick<Frame, "kind" | "device" | "payload" | "qos" | "acknowledge">, id?: string): void {
    if (!this.#open) return;
    this.#count += 1;
    this.frames.next({
      ...arrived,
      id: id ?? randomUUID(),
      named: id !== undefined,
      receivedAt: this.#clock.nowEpochMs(),
      arrivedMs: this.#clock.nowMs(),
    });
  }
}
