import type { Stats, Verdict } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import { type MqttConfig, MqttSession } from "@meanet/session";

/** Labels kept for verdicts that are still to come, and frames known to be answered; the oldest are forgotten. */
const MAX_LABELS = 10_000;
const MAX_ANSWERED = 100_000;

export interface ObserverOptions {
  readonly mqtt: MqttConfig;
  readonly site: string;
  /** Client id at the broker. */
  readonly clientId: string;
  readonly log: Logger;
  /** Final verdicts of all devices of the site, one per frame, with the true class where one was told before. */
  readonly onFinal: ((verdict: Verdict, correct: boolean | undefined) => void) | undefined;
}

/** What a node said last of its drops, and how many of them are of the time since this began. */
interface NodeDrops {
  readonly uptimeS: number;
  readonly total: number;
  readonly since: number;
}

/** Watches a site: final verdicts, and what its nodes say they lost. */
export class Observer {
  readonly #session: MqttSession;
  readonly #startedAt = Date.now();
  readonly #begun = performance.now();
  readonly #drops = new Map<string, NodeDrops>();
  readonly #labels = new Map<string, string | number>();
  readonly #answered = new Set<string>();

  constructor(options: ObserverOptions) {
    const { site, onFinal } = options;
    this.#session = new MqttSession({ mqtt: options.mqtt, node: options.clientId, site, log: options.log });
    const { topics } = this.#session;
    this.#session.subscribe(topics.stats, { site }, ({ params, value }) => {
      // Retained words of an earlier run are not ours.
      if (value.at >= this.#startedAt) this.#note(params.node, value);
    });
    if (onFinal === undefined) return;
    this.#session.subscribe(topics.label, { site }, ({ params, value }) => {
      this.#labels.set(`${params.device}/${params.id}`, value.label);
      const [oldest] = this.#labels.keys();
      if (this.#labels.size > MAX_LABELS && oldest !== undefined) this.#labels.delete(oldest);
    });
    this.#session.subscribe(topics.verdict, { site }, ({ value }) => {
      if (value.final && this.#isNew(value)) onFinal(value, this.#isCorrect(value));
    });
  }

  /** Frames that nodes lost or refused since this began, as their latest stats tell. */
  get drops(): number {
    return [...this.#drops.values()].reduce((sum, { since }) => sum + since, 0);
  }

  /** @throws {MeanetError} BROKER_UNREACHABLE */
  connect(timeoutMs: number): Promise<void> {
    return this.#session.connect(timeoutMs);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Counters begin with a node's process: one that is older than this watch has lost frames that are not ours, a new one begins at 0. */
  #note(node: string, { uptimeS, drops }: Stats): void {
    const total = Object.values(drops).reduce((sum, count) => sum + count, 0);
    const before = this.#drops.get(node);
    const isNew = uptimeS < (before?.uptimeS ?? (performance.now() - this.#begun) / 1000);
    const grown = isNew ? total : Math.max(0, total - (before?.total ?? total));
    this.#drops.set(node, { uptimeS, total, since: (before?.since ?? 0) + grown });
  }

  /** A device that publishes a frame again is told the same answer again, even one that an earlier run gave. */
  #isNew({ device, id, at }: Verdict): boolean {
    if (at < this.#startedAt) return false;
    const frame = `${device}/${id}`;
    if (this.#answered.has(frame)) return false;
    this.#answered.add(frame);
    const [oldest] = this.#answered;
    if (this.#answered.size > MAX_ANSWERED && oldest !== undefined) this.#answered.delete(oldest);
    return true;
  }

  #isCorrect(verdict: Verdict): boolean | undefined {
    const label = this.#labels.get(`${verdict.device}/${verdict.id}`);
    if (label === undefined || verdict.outcome === "refused") return undefined;
    return label === verdict.label || label === verdict.classIndex;
  }
}
