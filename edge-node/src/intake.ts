import { randomUUID } from "node:crypto";
import { edgeGroup } from "@meanet/protocol";
import type { MqttSession, Subscribed } from "@meanet/session";
import { Subject } from "rxjs";
import type { Frame } from "./stages.ts";

export interface Clock {
  /** Milliseconds since 1970. */
  readonly nowEpochMs: () => number;
  /** Milliseconds since the start of the process; only runs forward. */
  readonly nowMs: () => number;
}

export interface IntakeObserver {
  /** A frame was taken. */
  readonly onFrame: () => void;
  /** A QoS 0 frame came after the stop and is lost. */
  readonly onDrop: () => void;
}

/**
 * The frames of the site, this node's share of them.
 *
 * QoS 1 frames are acknowledged after their verdict; one that arrives after `stop` is not, and waits at the broker for the next start.
 */
export class Intake {
  readonly frames = new Subject<Frame>();
  readonly #clock: Clock;
  readonly #observe: IntakeObserver;
  readonly #subscriptions: Subscribed[] = [];
  #open = true;

  constructor(session: MqttSession, clock: Clock, observe: IntakeObserver) {
    this.#clock = clock;
    this.#observe = observe;
    const { topics, site } = session;
    for (const [kind, topic] of [
      ["image", topics.frame],
      ["window", topics.window],
    ] as const) {
      const subscribed = session.subscribe(
        topic,
        { site },
        ({ params: { device, id }, payload, qos, acknowledge }) => {
          this.#take({ kind, device, payload, qos, acknowledge }, id);
        },
        { group: edgeGroup(site), acknowledge: "by-handler" },
      );
      this.#subscriptions.push(subscribed);
    }
  }

  /**
   * Takes no more; what was taken goes on.
   *
   * @param leave - hands its share of the site to the other edge nodes; otherwise the broker keeps it for the next start
   */
  async stop(leave: boolean): Promise<void> {
    if (leave) await Promise.all(this.#subscriptions.map((subscribed) => subscribed.unsubscribe()));
    this.#open = false;
    this.frames.complete();
  }

  #take(arrived: Pick<Frame, "kind" | "device" | "payload" | "qos" | "acknowledge">, id?: string): void {
    if (!this.#open) {
      if (arrived.qos === 0) this.#observe.onDrop();
      return;
    }
    this.#observe.onFrame();
    this.frames.next({
      ...arrived,
      id: id ?? randomUUID(),
      named: id !== undefined,
      receivedAt: this.#clock.nowEpochMs(),
      arrivedMs: this.#clock.nowMs(),
    });
  }
}
