import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { LabelSource } from "@meanet/protocol";
import type { ServedModel } from "../served-model.ts";
import type { LearningConfig } from "./config.ts";
import { FrameMemory, type KeptFrame } from "./frame-memory.ts";
import { ItemStore } from "./item-store.ts";

export interface CollectorOptions {
  /** Of this node and this bundle. */
  readonly folder: string;
  readonly config: LearningConfig;
  /** The bundle in force. */
  readonly current: () => ServedModel;
  /** Hard classes of the next training: items of others are not worth storing. */
  readonly dictionary: () => readonly number[];
  /** A frame has its class, stored or not; of the cloud first, perhaps, and then by a label. */
  readonly onClass: (frame: KeptFrame, classIndex: number, source: LabelSource) => void;
  readonly onItem: (items: ItemStore) => void;
  /** Someone told the class of a frame. */
  readonly onLabel: (frame: KeptFrame, classIndex: number) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Brings frames and their classes together: items of hard classes to the store, labels to whoever judges by them. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #memory: FrameMemory;
  #items: ItemStore | undefined;

  constructor(options: CollectorOptions) {
    const { config, now } = options;
    this.#options = options;
    const { frames, bytes, age } = config.store;
    this.#memory = new FrameMemory({ frames, bytes, ageMs: age, nowMs: now });
  }

  /** Undefined until it is opened: a node that never learns has no file of it. */
  get items(): ItemStore | undefined {
    return this.#items;
  }

  openItems(): ItemStore {
    const { folder, config } = this.#options;
    const { itemsPerClass: perClass, heldOut, maxBytes } = config.store;
    if (this.#items === undefined) {
      this.#items = new ItemStore({ file: join(folder, "items.sqlite"), perClass, heldOut, maxBytes });
      // Classes may have been agreed on while it was closed, or a kill came before their items were dropped.
      this.dropOthers();
    }
    return this.#items;
  }

  /**
   * Opens what was collected before, in a turn of its own: no start and no frame waits for its file.
   *
   * @param wanted - asked when that turn has come
   * @returns undefined when it was open, or is no longer wanted
   * @throws {MeanetError} ITEMS_UNUSABLE
   */
  async recall(wanted: () => boolean): Promise<ItemStore | undefined> {
    await nextTurn();
    return wanted() && this.#items === undefined ? this.openItems() : undefined;
  }

  /** Gives up items of classes that are no longer hard: no training reads them. */
  dropOthers(): void {
    this.#items?.keepOnly(this.#options.dictionary());
  }

  /**
   * A frame was answered, by the edge or by the cloud.
   *
   * @param teacher - the cloud's class and its probability, when it answered
   */
  observe(
    frame: KeptFrame,
    teacher: { readonly classIndex: number; readonly probability: number } | undefined,
  ): void {
    const label = this.#memory.keep(frame);
    if (label !== undefined) {
      this.#collectLabel(frame, label);
      return;
    }
    if (teacher !== undefined && teacher.probability >= this.#options.config.teacher.confidence) {
      this.#collect(frame, teacher.classIndex, "cloud");
    }
  }

  /** Someone told the true class of a frame. */
  label(device: string, id: string, label: string | number): void {
    const frame = this.#memory.claim({ device, id }, label);
    if (frame !== undefined) this.#collectLabel(frame, label);
  }

  close(): void {
    this.#items?.close();
    this.#items = undefined;
    this.#memory.clear();
  }

  #collectLabel(frame: KeptFrame, label: string | number): void {
    const { classes } = this.#options.current().manifest;
    const classIndex = typeof label === "number" ? label : classes.indexOf(label);
    if (classes[classIndex] === undefined) return;
    this.#collect(frame, classIndex, "label");
  }

  #collect(frame: KeptFrame, classIndex: number, source: LabelSource): void {
    const { onClass, onLabel, config, dictionary, now, onItem } = this.#options;
    // A trial hears the cloud also where nothing is learned from it.
    onClass(frame, classIndex, source);
    if (source === "cloud" && config.teacher.weight === 0) return;
    // The cloud is asked about the doubtful frames only: its answers would make every class look hard.
    if (source === "label") onLabel(frame, classIndex);
    if (!dictionary().includes(classIndex)) return;
    const { device, id, tensor } = frame;
    const items = this.openItems();
    if (items.add({ device, id, classIndex, source, tensor, at: now() })) onItem(items);
  }
}
