import { type Logger, within } from "@meanet/runtime";
import type { InfluxConfig } from "../config.ts";
import type { Change, Store } from "../store/store.ts";
import type { PointTarget } from "./influx-server.ts";
import type { LateRollups } from "./late-rollups.ts";
import { type Point, toPoint } from "./point.ts";
import { TagGuard } from "./tag-guard.ts";

export interface ForwarderOptions {
  readonly store: Store;
  readonly server: PointTarget;
  readonly config: Pick<InfluxConfig, "batch" | "retryWait" | "maxRetryWait" | "maxTagValues">;
  /** Rolls up again what came late. */
  readonly late?: Pick<LateRollups, "note" | "settle"> | undefined;
  readonly log: Logger;
}

export interface ForwarderState {
  /** Changes sent, of `lastChange` in the store. */
  readonly cursor: number;
  /** Changes to send; rows that changed twice count twice. */
  readonly backlog: number;
  readonly sent: number;
  /** Points that InfluxDB refused for good. */
  readonly dropped: number;
  /** Points older than InfluxDB keeps, which it left out: rows and labels that came late. */
  readonly expired: number;
  /** Tag values written as `other`. */
  readonly otherTags: number;
  /** Undefined while all is well. */
  readonly lastError: string | undefined;
}

/**
 * Sends the store to InfluxDB, batch after batch from a cursor that is in the store too. The store is the only buffer: an outage shorter
 * than retention loses nothing.
 */
export class Forwarder {
  readonly #store: Store;
  readonly #server: PointTarget;
  readonly #config: ForwarderOptions["config"];
  readonly #log: Logger;
  readonly #guard: TagGuard;
  readonly #late: ForwarderOptions["late"];
  #cursor: number;
  #running: Promise<void> | undefined;
  #wait: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined;
  #stopping = false;
  #failures = 0;
  #lateFailed = false;
  #sent = 0;
  #dropped = 0;
  #expired = 0;
  #lastError: string | undefined;

  constructor({ store, server, config, late, log }: ForwarderOptions) {
    this.#store = store;
    this.#server = server;
    this.#config = config;
    this.#late = late;
    this.#log = log;
    this.#guard = new TagGuard(store, config.maxTagValues);
    this.#cursor = store.cursor(server.name);
  }

  get state(): ForwarderState {
    return {
      cursor: this.#cursor,
      backlog: Math.max(0, this.#store.lastChange - this.#cursor),
      sent: this.#sent,
      dropped: this.#dropped,
      expired: this.#expired,
      otherTags: this.#guard.replaced,
      lastError: this.#lastError,
    };
  }

  /** There is something new in the store. */
  wake(): void {
    if (this.#stopping) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Sends what is left unless that fails or takes longer than `boundMs`; the rest is for the next start. */
  async stop(boundMs: number): Promise<void> {
    this.#stopping = true;
    this.#wait?.end();
    await within(boundMs, async () => {
      await this.#running;
      while (await this.#tryBatch()) if (this.#failures > 0) return;
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      if (!(await this.#tryBatch()) && !(await this.#rollUpLate())) return;
      if (this.#failures > 0) await this.#backOff();
    }
  }

  /**
   * When there is nothing to send. What cannot be rolled up, perhaps because the user lacks a right, is tried again with the next rows
   * and delays none of them.
   *
   * @returns whether there was anything to roll up, or rows have come meanwhile
   */
  async #rollUpLate(): Promise<boolean> {
    try {
      const busy = (await this.#late?.settle()) ?? false;
      this.#lateFailed = false;
      return busy;
    } catch (error) {
      if (!this.#lateFailed)
        this.#log.warn({ influx: this.#server.name, err: error }, "late rows are not rolled up yet");
      this.#lateFailed = true;
      return this.#store.changesAfter(this.#cursor, 1).length > 0;
    }
  }

  /** @returns whether there was anything to send */
  async #tryBatch(): Promise<boolean> {
    try {
      const changes = this.#store.changesAfter(this.#cursor, this.#config.batch);
      const last = changes.at(-1);
      if (last === undefined) return false;
      const points = changes.map((change) => toPoint(change, this.#guard));
      this.#guard.save();
      await this.#send(changes, points);
      this.#late?.note(changes);
      this.#cursor = last.change;
      this.#store.setCursor(this.#server.name, this.#cursor);
      if (this.#lastError !== undefined)
        this.#log.info({ influx: this.#server.name }, "InfluxDB takes points again");
      this.#failures = 0;
      this.#lastError = undefined;
    } catch (error) {
      if (this.#lastError === undefined) {
        this.#log.warn(
          { influx: this.#server.name, err: error },
          "InfluxDB takes no points; the store keeps them",
        );
      }
      this.#failures += 1;
      this.#lastError = error instanceof Error && error.message !== "" ? error.message : String(error);
    }
    return true;
  }

  async #send(changes: readonly Change[], points: readonly Point[], created = false): Promise<void> {
    const outcome = await this.#server.write(points);
    switch (outcome.kind) {
      case "written":
        this.#sent += points.length - outcome.expired;
        this.#expired += outcome.expired;
        return;
      case "no-database":
        if (created) throw new Error(`${this.#server.name} was created and is still not there`);
        await this.#server.createDatabase();
        return this.#send(changes, points, true);
      case "refused": {
        // The answer tells of the first unfit point only. Sending a fit one twice does no harm.
        if (points.length > 1) {
          const middle = points.length >> 1;
          await this.#send(changes.slice(0, middle), points.slice(0, middle));
          return this.#send(changes.slice(middle), points.slice(middle));
        }
        this.#dropped += 1;
        const { table, row } = changes[0]!;
        this.#log.error(
          { table, row: row.row, site: row.site, reason: outcome.reason },
          "InfluxDB refused a point; it stays in the store only",
        );
      }
    }
  }

  #backOff(): Promise<void> {
    const { retryWait, maxRetryWait } = this.#config;
    const waitMs = Math.min(maxRetryWait, retryWait * 2 ** Math.min(this.#failures - 1, 20));
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wait = undefined;
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      this.#wait = { timer, end };
    });
  }
}
