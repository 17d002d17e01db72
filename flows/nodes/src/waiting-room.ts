import { MeanetError } from "@meanet/runtime/error";

/** Messages that wait in a node: time alone would bound them by what comes in it, however much that is. */
export class WaitingRoom {
  readonly #places: number;
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  get taken(): number {
    return this.#taken;
  }

  get full(): boolean {
    return this.#taken >= this.#places;
  }

  /** Has a place taken while `work` goes on. @throws {MeanetError} VERDICT_BACKLOG without calling it, when there is none left */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.full) {
      throw new MeanetError(
        "VERDICT_BACKLOG",
        `${this.#places} messages wait for the broker or for their verdict: send more slowly, check that broker and edge node are online, or let the node take more`,
        { places: this.#places },
      );
    }
    this.#taken += 1;
    try {
      return await work();
    } finally {
      this.#taken -= 1;
    }
  }
}
