import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { LabelSource } from "@meanet/protocol";
import type { ServedModel } from "../../model/served-model.ts";
import type { LearningConfig } from "../config.ts";
import type { Faults } from "../faults.ts";
import { FrameMemory, type KeptFrame } from "./frame-memory.ts";
import { ItemAccess } from "./item-access.ts";
import { ItemStore } from "./item-store.ts";

export interface CollectorOptions {
  /** Where this node keeps what it learns for this bundle. */
  readonly folder: string;
  readonly config: LearningConfig;
  /** The bundle in force. */
  readonly current: () => ServedModel;
  /** Hard classes of the next training; items of other classes are not worth storing. */
  readonly dictionary: () => readonly number[];
  /** A frame has its class, stored or not: perhaps first from the cloud, then from a label. */
  readonly onClass: (frame: KeptFrame, classIndex: number, source: LabelSource) => void;
  /** The store has learned something. */
  readonly onItem: () => void;
  /** The store failed, and an item is lost. */
  readonly onLost: () => void;
  readonly faults: Faults;
  /** A label arrived: the true class of a frame. */
  readonly onLabel: (frame: KeptFrame, classIndex: number) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Brings frames and their classes together: items of hard classes to the store, labels to whoever judges by them. */
export class Collector {
  readonly items: ItemAccess;
  readonly #options: CollectorOptions;
  readonly #memory: FrameMemory;

  constructor(options: CollectorOptions) {
    const { config, faults, onLost, now } = options;
    this.#options = options;
    this.items = new ItemAccess({ open: () => this.#openStore(), faults, onLost, now });
    const { frames, bytes, age } = config.store;
    // Nothing in it outlives the process, so a monotonic clock will do, and no clock change drops a frame.
    this.#memory = new FrameMemory({ frames, bytes, ageMs: age, nowMs: () => performance.now() });
  }

  /**
   * Opens what was collected before, in a turn of its own, so that neither a start nor a frame waits for the file.
   *
   * @param wanted - asked when that turn has come
   * @returns whether it is open now and has not been before
   */
  async recall(wanted: () => boolean): Promise<boolean> {
    await nextTurn();
    return wanted() && !this.items.isOpen && this.items.tryOpen();
  }

  /** Deletes items of classes that are no longer hard: no training reads them. */
  dropOthers(): void {
    this.items.keepOnly(this.#options.dictionary());
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

  /** A label arrived: the true class of a frame. */
  label(device: string, id: string, label: string | number): void {
    const frame = this.#memory.claim({ device, id }, label);
    if (frame !== undefined) this.#collectLabel(frame, label);
  }

  close(): void {
    this.#memory.clear();
    this.items.close();
  }

  #openStore(): ItemStore {
    const { folder, config, dictionary } = this.#options;
    const { itemsPerClass: perClass, heldOut, maxBytes } = config.store;
    const store = new ItemStore({ file: join(folder, "items.sqlite"), perClass, heldOut, maxBytes });
    try {
      // The hard classes may have changed while it was closed, or a kill came before items were dropped.
      store.keepOnly(dictionary());
      return store;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  #collectLabel(frame: KeptFrame, label: string | number): void {
    const { classes } = this.#options.current().manifest;
    const classIndex = typeof label === "number" ? label : classes.indexOf(label);
    if (classes[classIndex] === undefined) return;
    this.#collect(frame, classIndex, "label");
  }

  #collect(frame: KeptFrame, classIndex: number, source: LabelSource): void {
    const { onClass, onLabel, config, dictionary, now, onItem } = this.#options;
    // A trial counts the cloud's classes even where nothing is learned from them.
    onClass(frame, classIndex, source);
    if (source === "cloud" && config.teacher.weight === 0) return;
    // The cloud is asked about doubtful frames only: by its answers every class would look hard.
    if (source === "label") onLabel(frame, classIndex);
    if (!dictionary().includes(classIndex)) return;
    const { device, id, tensor } = frame;
    if (this.items.add({ device, id, classIndex, source, tensor, at: now() })) onItem();
  }
}
