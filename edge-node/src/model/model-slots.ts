import { type InputKind, inputKinds } from "../input-kind.ts";
import type { ServedModel } from "./served-model.ts";

/**
 * The bundles in force, one for each kind of input, and while one is replaced its predecessor.
 *
 * A new bundle takes over only after it has opened and answered a frame; until then, and if it fails, its predecessor goes on serving.
 */
export class ModelSlots {
  readonly #open: (nameOrFolder: string) => Promise<ServedModel>;
  readonly #retiring = new Set<Promise<void>>();
  readonly #slots = new Map<InputKind, ServedModel>();
  #closed = false;

  constructor(open: (nameOrFolder: string) => Promise<ServedModel>) {
    this.#open = open;
  }

  /** The bundle that takes such inputs; undefined when none does. */
  current(kind: InputKind): ServedModel | undefined {
    return this.#slots.get(kind);
  }

  /** All bundles in force. */
  get all(): readonly ServedModel[] {
    return inputKinds.flatMap((kind) => this.#slots.get(kind) ?? []);
  }

  /** Their names and versions. */
  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  /**
   * @param isWanted - asked once it is open: another bundle may have been put in force meanwhile
   * @returns whether it is in force now
   * @throws {MeanetError} as `ServedModel.open`; the bundle in force then stays
   */
  async replace(nameOrFolder: string, isWanted: () => boolean = () => true): Promise<boolean> {
    const next = await this.#open(nameOrFolder);
    if (this.#closed || !isWanted()) {
      await next.retire();
      return false;
    }
    const before = this.#slots.get(next.kind);
    this.#slots.set(next.kind, next);
    if (before !== undefined) {
      const retiring = before.retire().finally(() => this.#retiring.delete(retiring));
      this.#retiring.add(retiring);
    }
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.all.map((model) => model.retire()));
    await Promise.all(this.#retiring);
  }
}
