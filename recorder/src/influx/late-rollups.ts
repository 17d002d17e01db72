import { intervalStart, tierNames, tiers } from "../rollups/tiers.ts";
import type { Change } from "../store/store.ts";
import type { InfluxServer } from "./influx-server.ts";
import { ask, policiesIn, retentionPolicies, shownContinuousQueries } from "./meta.ts";
import { rolledMeasurements, rollUpStatement } from "./rollup-queries.ts";

/** Most hours that may wait; more would mean a database filled from the start, which `--provision` rolls up. */
const MAX_HOURS = 1000;

/**
 * Rolls up again what continuous queries no longer look at: hours with rows or labels that came later than their window. In a database
 * that was not provisioned there is nothing to do.
 *
 * What waits is forgotten when the process ends; `meanet recorder --provision` makes all roll-ups again.
 */
export class LateRollups {
  readonly #server: Pick<InfluxServer, "query" | "database">;
  readonly #lateMs: number;
  /** By start of the hour, the range of its minutes that changed, in milliseconds since 1970. */
  readonly #hours = new Map<number, { fromMs: number; toMs: number }>();

  /** @param lateMs - window of the continuous queries */
  constructor(server: Pick<InfluxServer, "query" | "database">, lateMs: number) {
    this.#server = server;
    this.#lateMs = lateMs;
  }

  /** Rows that InfluxDB has now. */
  note(changes: readonly Change[]): void {
    const before = Date.now() - this.#lateMs;
    for (const { table, row } of changes) {
      const at = Number(row.at);
      if (table !== "status" && table !== "training" && at < before)
        this.#noteMinute(intervalStart("1m", at));
    }
  }

  #noteMinute(minute: number): void {
    const hour = intervalStart("1h", minute);
    const known = this.#hours.get(hour);
    if (known === undefined && this.#hours.size >= MAX_HOURS) return;
    this.#hours.set(hour, {
      fromMs: Math.min(minute, known?.fromMs ?? minute),
      toMs: Math.max(minute + tiers["1m"], known?.toMs ?? 0),
    });
  }

  /**
   * Rolls up one hour.
   *
   * @returns false when there is none
   * @throws when the server cannot be reached: the hour waits for the next call
   */
  async settle(): Promise<boolean> {
    const [[hour, minutes] = []] = this.#hours;
    if (hour === undefined || minutes === undefined) return false;
    const { database } = this.#server;
    const policies = policiesIn(await shownContinuousQueries(this.#server));
    const raw = (await retentionPolicies(this.#server)).find(({ name }) => name === policies?.raw);
    // An hour older than the points kept may be partly gone, while its roll-up still has all of it.
    const whole = raw === undefined || raw.durationMs === 0 ? -Infinity : Date.now() - raw.durationMs;
    if (policies !== undefined && raw !== undefined && hour >= whole) {
      const ranges = { "1m": minutes, "1h": { fromMs: hour, toMs: hour + tiers["1h"] } };
      for (const tier of tierNames)
        for (const measurement of rolledMeasurements)
          await ask(this.#server, rollUpStatement({ database, policies }, measurement, tier, ranges[tier]));
    }
    this.#hours.delete(hour);
    return true;
  }
}
