export interface LineBoundOptions {
  /** Lines alike that pass in a span. */
  readonly lines: number;
  readonly spanMs: number;
  /** Called when a span ends in which lines were left out. */
  readonly tell: (line: string, leftOut: number) => void;
}

/** Messages counted one by one in a span: some are made of what they tell of. All others count as one. */
const MAX_MESSAGES = 64;

interface Count {
  passed: number;
  leftOut: number;
}

/**
 * Lets so many lines with the same message pass in a span of time, and counts those beyond: clients that are refused for ever
 * must not fill a disk, and say no more with the thousandth line.
 *
 * A span begins with the first line after the one before. Without lines nothing runs, and a timer never keeps the process.
 */
export class LineBound {
  readonly #options: LineBoundOptions;
  readonly #counts = new Map<string, Count>();
  #running = false;

  constructor(options: LineBoundOptions) {
    this.#options = options;
  }

  /** Whether a line of this message is written. */
  passes(message: string): boolean {
    if (!this.#running) this.#begin();
    const count = this.#countOf(message);
    if (count.passed < this.#options.lines) {
      count.passed += 1;
      return true;
    }
    count.leftOut += 1;
    return false;
  }

  #countOf(message: string): Count {
    const key = this.#counts.has(message) || this.#counts.size < MAX_MESSAGES ? message : "(others)";
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { passed: 0, leftOut: 0 };
      this.#counts.set(key, count);
    }
    return count;
  }

  #begin(): void {
    this.#running = true;
    setTimeout(() => this.#end(), this.#options.spanMs).unref();
  }

  #end(): void {
    this.#running = false;
    const counts = [...this.#counts];
    this.#counts.clear();
    for (const [line, { leftOut }] of counts) if (leftOut > 0) this.#options.tell(line, leftOut);
  }
}
