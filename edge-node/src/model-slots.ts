import type { ServedModel } from "./served-model.ts";

/**
 * The bundle in force and, while it changes, the one before.
 *
 * A new bundle takes over only after it opened and answered a frame; until then, and when it fails, the one before serves on.
 */
export class ModelSlots {
  readonly #open: (nameOrFolder: string) => Promise<ServedModel>;
  readonly #retiring = new Set<Promise<void>>();
  #current: ServedModel | undefined;
  #closed = false;

  constructor(open: (nameOrFolder: string) => Promise<ServedModel>) {
    this.#open = open;
  }

  get current(): ServedModel {
    if (this.#current === undefined) throw new Error("no bundle is loaded yet");
    return this.#current;
  }

  /** @throws {MeanetError} as `ServedModel.open`; the bundle in force then stays */
  async replace(nameOrFolder: string): Promise<void> {
    const next = await this.#open(nameOrFolder);
    if (this.#closed) {
      await next.retire();
      return;
    }
    const before = this.#current;
    this.#current = next;
    if (before === undefined) return;
    const retiring = before.retire().finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.retire();
    await Promise.all(this.#retiring);
  }
}
