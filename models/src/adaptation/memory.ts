import { MeanetError } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { inputDims } from "../bundle/manifest.ts";
import { elementCount } from "../element-count.ts";
import { type Part, trainingMemory } from "../graph/index.ts";
import { extensionPart } from "./learnable.ts";

/** ONNX Runtime's arena holds a value and its gradient, and pads; measured at 2 to 3 times the arithmetic. */
const ARENA = 3;
/** Of the thread and its sessions, whatever they learn: measured at 50 to 80 MiB, uncollected garbage included. */
const THREAD = 80 * 2 ** 20;

/**
 * Bytes that a training of so many items needs: its thread, items with their features, once, and one step.
 *
 * @param items - of the store and of the reference together
 */
export function adaptationBytes(bundle: Bundle, part: Part, items: number, batch: number): number {
  const ofFrame = elementCount(inputDims(bundle.manifest.input));
  const ofFeatures = elementCount(part.graph.shapes.get("F1")!);
  const ofItem = 4 * (ofFrame + ofFeatures) + 8 * bundle.manifest.classes.length;
  return THREAD + items * ofItem + ARENA * trainingMemory(part, batch).total;
}

/** What a training may take, and what decides it before its items are chosen. */
export interface MemoryLimits {
  /** Classes that the candidate will tell apart. */
  readonly hardClasses: number;
  /** Frames of one step. */
  readonly batch: number;
  readonly maxBytes: number;
}

/**
 * Items of a store that a training may take beside the bundle's reference frames, so that {@link adaptationBytes} stays within its limit.
 *
 * @param fewest - items without which it is not worth beginning
 * @throws {MeanetError} LEARNING_REFUSED when not even these fit; LEARNING_UNSUPPORTED
 */
export function itemsThatFit(
  bundle: Bundle,
  { hardClasses, batch, maxBytes }: MemoryLimits,
  fewest: number,
): number {
  const part = extensionPart(bundle, hardClasses);
  const reference = bundle.manifest.files.reference?.items ?? 0;
  const bytesWith = (items: number) => adaptationBytes(bundle, part, reference + items, batch);
  checkMemory(bytesWith(fewest), maxBytes, fewest);
  return Math.floor((maxBytes - bytesWith(0)) / (bytesWith(1) - bytesWith(0)));
}

/** @throws {MeanetError} LEARNING_REFUSED */
export function checkMemory(bytes: number, maxBytes: number, items: number): void {
  if (bytes <= maxBytes) return;
  const mib = (value: number) => Math.ceil(value / 2 ** 20);
  throw new MeanetError(
    "LEARNING_REFUSED",
    `a training of ${items} items would take ${mib(bytes)} MiB and ${mib(maxBytes)} MiB are allowed; allow more, learning.training.maxMemory of the node, or take smaller batches, learning.training.batch`,
    { bytes, maxBytes, items },
  );
}
