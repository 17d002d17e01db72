import { type Logger, reasonOf } from "@meanet/runtime";

export interface FaultsOptions {
  /** A cause is to be told, by what was said of it. */
  readonly tell: (reason: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

interface Cause {
  /** Where it was met first. */
  readonly entry: string;
  readonly toldAt: number;
  /** That entry has worked since. */
  over: boolean;
}

/** An entry may work and fail by turns, with every other frame. */
const AGAIN_MS = 60_000;
/** Causes may name what changes with every frame. */
const CAUSES = 16;

/**
 * The border between learning and whoever calls it: what goes wrong behind it goes no further.
 *
 * Each cause is told once, wherever and however often it is met; once more when the entry that met it first has worked in between,
 * at the earliest a minute after it was told last. Too many causes at once are in the log alone.
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

/** What went wrong in the first place: a full disk is one cause, whatever could not be written. */
function causeOf(error: unknown): string {
  let first = error;
  while (first instanceof Error && first.cause !== undefined) first = first.cause;
  return reasonOf(first);
}
