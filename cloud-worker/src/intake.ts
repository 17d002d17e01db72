import type { CloudAnswer } from "@meanet/protocol";
import type { MqttSession, Subscribed } from "@meanet/session";
import { Subject } from "rxjs";
import type { Asked, Settled } from "./stages.ts";

export interface IntakeOptions {
  readonly session: MqttSession;
  readonly group: string;
  /** Only site whose items are taken; undefined: every site. */
  readonly serves: string | undefined;
  readonly now: () => number;
  /** Told of an item that names another edge, site or id than its topic: its answer would go astray. */
  readonly onMisaddressed: () => void;
}

/**
 * Complex items from the share group.
 *
 * They are acknowledged as they arrive, not when they are answered: the session is clean, so nothing unacknowledged would come
 * again; the edge repeats itself on silence and keeps its deadline. Late acknowledgements would only let the broker's
 * limit of messages in flight (20 by default on Mosquitto) cut batches short.
 */
export class Intake {
  readonly items = new Subject<Asked>();
  readonly #subscribed: Subscribed;

  constructor({ session, group, serves, now, onMisaddressed }: IntakeOptions) {
    this.#subscribed = session.subscribe(
      session.topics.complex,
      serves === undefined ? {} : { site: serves },
      ({ params, value: item }) => {
        if (item.site !== params.site || item.edge !== params.edge || item.id !== params.id) {
          onMisaddressed();
          return;
        }
        this.items.next({ stage: "asked", item, arrivedMs: now() });
      },
      { group },
    );
  }

  /** Leaves the share group, so that others get what comes, and ends the stream. */
  async stop(): Promise<void> {
    await this.#subscribed.unsubscribe();
    this.items.complete();
  }
}

/** The payload that tells an edge what became of its item. */
export function describeAnswer(
  settled: Settled,
  by: { readonly worker: string; readonly energySource: string },
): CloudAnswer {
  const { id, attempt, model } = settled.asked.item;
  const common = { id, attempt, worker: by.worker };
  if (settled.stage === "failed") {
    return { ...common, outcome: "failed", code: settled.code, detail: settled.detail };
  }
  const { classes, queueMs, computeMs, energyJ } = settled;
  return {
    ...common,
    outcome: "answered",
    classes,
    model,
    queueMs,
    computeMs,
    energyJ,
    energySource: by.energySource,
  };
}
