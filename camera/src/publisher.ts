import { setTimeout as sleep } from "node:timers/promises";
import type { Device } from "@meanet/device";
import type { Verdict } from "@meanet/protocol";
import { isMeanetError, type Logger } from "@meanet/runtime";
import type { Config } from "./config.ts";

/** At the end, for verdicts under way. */
const GRACE_MS = 3_000;

export interface Counts {
  readonly answered: number;
  readonly refused: number;
  /** Published, and no verdict came in time. */
  readonly unanswered: number;
  /** Not published: the broker was away. */
  readonly offline: number;
  /** Not published: as many as may be awaited their verdict. */
  readonly overload: number;
}

/**
 * Publishes frames as they come and awaits their verdicts. A picture is worth nothing later: one that cannot go now is left out and
 * counted.
 */
export class Publisher {
  readonly #device: Device;
  readonly #config: Pick<Config, "qos" | "maxOutstanding" | "verdictTimeout" | "verdicts">;
  readonly #log: Logger;
  readonly #underWay = new Set<Promise<void>>();
  readonly #counts = { answered: 0, refused: 0, unanswered: 0, offline: 0, overload: 0 };
  #label: string | undefined;

  constructor(
    device: Device,
    config: Pick<Config, "qos" | "maxOutstanding" | "verdictTimeout" | "verdicts">,
    log: Logger,
  ) {
    this.#device = device;
    this.#config = config;
    this.#log = log;
  }

  get counts(): Counts {
    return this.#counts;
  }

  publish(frame: Uint8Array): void {
    if (!this.#device.connected) {
      this.#counts.offline += 1;
    } else if (this.#underWay.size >= this.#config.maxOutstanding) {
      this.#counts.overload += 1;
    } else {
      const following = this.#follow(frame);
      this.#underWay.add(following);
      void following.then(() => this.#underWay.delete(following));
    }
  }

  /** Resolves when every frame under way has its verdict, or after a while: the edge answers them without this camera too. */
  async finished(): Promise<void> {
    const late = new AbortController();
    const grace = sleep(GRACE_MS, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#underWay), grace]);
    late.abort();
  }

  /** Never rejects. */
  async #follow(frame: Uint8Array): Promise<void> {
    const { qos, verdictTimeout } = this.#config;
    try {
      const id = await this.#device.publishFrame(frame, { qos });
      const { verdict, latencyMs } = await this.#device.awaitVerdict(id, verdictTimeout);
      this.#counts[verdict.outcome] += 1;
      this.#tell(verdict, latencyMs);
    } catch (error) {
      this.#counts.unanswered += 1;
      if (!isMeanetError(error, "VERDICT_TIMEOUT"))
        this.#log.warn({ err: error }, "a frame was not published");
    }
  }

  #tell(verdict: Verdict, latencyMs: number): void {
    const { id, outcome } = verdict;
    if (outcome === "refused") {
      const { reason, detail } = verdict;
      this.#log.warn({ id, reason, detail }, "a frame was refused");
      return;
    }
    const { label, confidence, exit } = verdict;
    const isNew = label !== this.#label;
    this.#label = label;
    const { verdicts } = this.#config;
    if (verdicts === "all" || (verdicts === "changes" && isNew)) {
      this.#log.info({ id, label, confidence, exit, latencyMs: Math.round(latencyMs) }, "verdict");
    }
  }
}
