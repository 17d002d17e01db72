import type { Logger } from "@meanet/runtime";
import type { SeqRange } from "./store/seq-set.ts";
import type { JournalName, JournalState } from "./store/store.ts";

export interface GapRepairOptions {
  /** Wait before a gap is asked for, and after the first request; doubles with each further request. */
  readonly waitMs: number;
  readonly maxWaitMs: number;
  /** Requests without any answer after which a gap is given up. */
  readonly attempts: number;
  /** Most rows in one request. */
  readonly rangeSize: number;
  /** Stores what has arrived. False while the store cannot be written. */
  readonly settle: () => boolean;
  readonly journal: (name: JournalName) => JournalState | undefined;
  /** Asks the edge for these rows. False when it cannot be reached now, which does not count as an attempt. */
  readonly ask: (name: JournalName, range: SeqRange) => boolean;
  /** @returns how many rows were lost @throws when the store cannot be written: tried again later */
  readonly giveUp: (name: JournalName, range: SeqRange) => number;
  readonly log: Logger;
}

interface Repair {
  timer: NodeJS.Timeout;
  attempts: number;
  asked: SeqRange | undefined;
  /** Rows of `asked` that were missing at the last look. */
  missing: number;
  /** Some of them arrived since the timer was set. */
  arriving: boolean;
}

/**
 * Recovers missing rows of journals from the edges that wrote them.
 *
 *     rows      1-40 …… 61-70 …… 73-80     journal with two holes
 *     request                71-72         the newest rows of the newest hole, at most `rangeSize`
 *     request        41-60                 at once when the rows have come; again, with back-off, after a silence
 *
 * Newest first, because journals lose their oldest rows: when not one of the newest rows of a hole comes, the rest of it is gone
 * too, and the whole hole is given up. At most one request per journal is under way.
 *
 * While the store cannot be written, nothing is asked for and nothing given up: the answers could not be stored.
 */
export class GapRepair {
  readonly #options: GapRepairOptions;
  readonly #repairs = new Map<string, Repair>();
  #requests = 0;
  #stopped = false;

  constructor(options: GapRepairOptions) {
    this.#options = options;
  }

  /** Requests sent. */
  get requests(): number {
    return this.#requests;
  }

  /** Journals with holes. */
  get repairing(): number {
    return this.#repairs.size;
  }

  /** To be called after each batch with the journals it touched. */
  notice(names: readonly JournalName[]): void {
    if (this.#stopped) return;
    for (const name of names) this.#notice(name);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#repairs.values()) clearTimeout(timer);
    this.#repairs.clear();
  }

  #notice(name: JournalName): void {
    const key = keyOf(name);
    const holes = this.#options.journal(name)?.holes ?? [];
    const repair = this.#repairs.get(key);
    if (holes.length === 0) {
      clearTimeout(repair?.timer);
      this.#repairs.delete(key);
    } else if (repair === undefined) {
      // Rows of one edge may overtake each other, and stats may overtake rows: most holes close by themselves.
      this.#repairs.set(key, {
        timer: this.#wakeAfter(this.#options.waitMs, name),
        attempts: 0,
        asked: undefined,
        missing: 0,
        arriving: false,
      });
    } else if (repair.asked !== undefined) {
      const missing = missingIn(holes, repair.asked);
      repair.arriving ||= missing < repair.missing;
      repair.missing = missing;
      if (missing > 0) return;
      clearTimeout(repair.timer);
      repair.asked = undefined;
      repair.arriving = false;
      this.#request(name);
    }
  }

  #wakeAfter(waitMs: number, name: JournalName): NodeJS.Timeout {
    return setTimeout(() => this.#wake(name), waitMs);
  }

  #wake(name: JournalName): void {
    const { waitMs, maxWaitMs, settle, log } = this.#options;
    const repair = this.#repairs.get(keyOf(name));
    if (repair === undefined) return;
    const { timer } = repair;
    try {
      if (!settle()) {
        // Answers to earlier requests may have been dropped for want of room.
        repair.attempts = 0;
        repair.timer = this.#wakeAfter(waitMs, name);
        return;
      }
      // What was just stored may have closed the hole, or already led to the next request.
      if (this.#repairs.get(keyOf(name))?.timer === timer) this.#request(name);
    } catch (error) {
      log.error({ err: error, ...name }, "missing verdicts cannot be given up now; trying again later");
      repair.timer = this.#wakeAfter(maxWaitMs, name);
    }
  }

  #request(name: JournalName): void {
    const { waitMs, maxWaitMs, attempts, rangeSize, log } = this.#options;
    const repair = this.#repairs.get(keyOf(name));
    const hole = this.#options.journal(name)?.holes.at(-1);
    if (repair === undefined || hole === undefined) {
      this.#repairs.delete(keyOf(name));
      return;
    }
    if (repair.arriving) {
      // The answer is arriving; asking now would only bring the rest of it twice.
      repair.arriving = false;
      repair.timer = this.#wakeAfter(waitMs, name);
      return;
    }
    const range = { from: Math.max(hole.from, hole.to - rangeSize + 1), to: hole.to };
    const progress = repair.asked?.from !== range.from || repair.asked.to !== range.to;
    if (progress) repair.attempts = 0;
    if (repair.attempts >= attempts) {
      const lost = this.#options.giveUp(name, hole);
      log.error(
        { ...name, ...hole, lost },
        `no answer to ${attempts} requests for missing verdicts: given up`,
      );
      repair.asked = undefined;
      repair.attempts = 0;
      this.#request(name);
      return;
    }
    const wait = Math.min(maxWaitMs, waitMs * 2 ** repair.attempts);
    if (this.#options.ask(name, range)) {
      this.#requests += 1;
      repair.attempts += 1;
      repair.asked = range;
      repair.missing = range.to - range.from + 1;
    }
    repair.timer = this.#wakeAfter(wait, name);
  }
}

function missingIn(holes: readonly SeqRange[], { from, to }: SeqRange): number {
  let missing = 0;
  for (const hole of holes) missing += Math.max(0, Math.min(hole.to, to) - Math.max(hole.from, from) + 1);
  return missing;
}

/** Ids hold no slash. */
function keyOf({ site, edge, journal }: JournalName): string {
  return `${site}/${edge}/${journal}`;
}
