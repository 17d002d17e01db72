import { type Logger, reasonOf } from "@meanet/runtime";

export interface FaultsOptions {
  /** Publishes what went wrong. */
  readonly tell: (reason: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

interface Cause {
  /** Where it first occurred. */
  readonly entry: string;
  readonly toldAt: number;
  /** That entry has worked since. */
  over: boolean;
}

/** An entry may work and fail in turns, with every other frame. */
const AGAIN_MS = 60_000;
/** Most causes remembered: a cause may contain what changes with every frame. */
const CAUSES = 16;

/**
 * The border between learning and its callers: what goes wrong behind it goes no further.
 *
 * Each cause is published once, wherever and however often it occurs; once more when the entry where it first occurred has worked in
 * between, a minute later at the earliest. With too many causes at once the rest are only logged.
 */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #causes = new Map<string, Cause>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Does a step of learning. Never throws. */
  guard(entry: string, step: () => void): void {
    try {
      step();
      this.over(entry);
    } catch (error) {
      this.report(entry, error);
    }
  }

  /** An entry has failed. Never throws. */
  report(entry: string, error: unknown): void {
    const { tell, now, log } = this.#options;
    if (!this.#isNews(causeOf(error), entry, now())) {
      log.debug({ err: error, entry }, "a step of learning failed again");
      return;
    }
    log.warn({ err: error, entry }, "learning failed; frames are answered as before");
    try {
      tell(reasonOf(error));
    } catch (untold) {
      log.error({ err: untold, entry }, "nobody could be told that learning failed");
    }
  }

  /** An entry has worked. */
  over(entry: string): void {
    for (const cause of this.#causes.values()) {
      if (cause.entry !== entry || cause.over) continue;
      cause.over = true;
      this.#options.log.info({ entry }, "learning goes on");
    }
  }

  #isNews(text: string, entry: string, nowMs: number): boolean {
    const mayBeToldAgain = ({ over, toldAt }: Cause) => over && Math.abs(nowMs - toldAt) >= AGAIN_MS;
    const known = this.#causes.get(text);
    if (known !== undefined && !mayBeToldAgain(known)) return false;
    for (const [other, cause] of this.#causes) if (mayBeToldAgain(cause)) this.#causes.delete(other);
    if (this.#causes.size >= CAUSES) return false;
    this.#causes.set(text, { entry, toldAt: nowMs, over: false });
    return true;
  }
}

/** The root cause: a full disk is one cause, whatever could not be written. */
function causeOf(error: unknown): string {
  let first = error;
  while (first instanceof Error && first.cause !== undefined) first = first.cause;
  return reasonOf(first);
}
