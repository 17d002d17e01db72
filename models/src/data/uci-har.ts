/**
 * UCI HAR (Anguita, Ghio, Oneto, Parra, Reyes-Ortiz 2013): 7,352 + 2,947 windows of a telephone's accelerometer and
 * gyroscope, worn on the waist by 30 people in six activities. 9 channels, 50 Hz, 128 readings (2.56 s), half of them shared with
 * the window before. No subject of the test part is in the training part.
 *
 * Its page says CC BY 4.0, the README of its archive prohibits commercial use: no window of it may be in this project or in a bundle.
 *
 * Read from a folder given or from the cache of downloads, in the official layout or the compact one of this project.
 */
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { Dataset, LabelledWindows, OfficialSplit, OpenDatasetOptions } from "./dataset.ts";
import { compactClasses, hasCompactPart, readCompactPart } from "./uci-har-compact.ts";
import { hasOfficialPart, officialClasses, readOfficialPart } from "./uci-har-official.ts";
import { corrupt, type UciHarPart, uciHarShape } from "./uci-har-part.ts";

const CLASSES = 6;
const RATE_HZ = 50;

const PAGE = "https://archive.ics.uci.edu/dataset/240/human+activity+recognition+using+smartphones";

/** The archive of the UCI repository unpacks to a folder of this name. */
const OFFICIAL_FOLDER = "UCI HAR Dataset";

interface Layout {
  readonly has: (folder: string, split: OfficialSplit) => Promise<boolean>;
  readonly classes: (folder: string) => Promise<string[]>;
  readonly read: (folder: string, split: OfficialSplit) => Promise<UciHarPart>;
}

const official: Layout = { has: hasOfficialPart, classes: officialClasses, read: readOfficialPart };
const compact: Layout = { has: hasCompactPart, classes: compactClasses, read: readCompactPart };

/**
 * Opens a folder of either layout; either part may be missing.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function openUciHar({ from }: OpenDatasetOptions): Promise<Dataset<LabelledWindows>> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "meanet", "uci-har");
  const { folder, layout } = await findLayout(from ?? cache);
  const classes = await layout.classes(folder);
  if (classes.length !== CLASSES) {
    throw corrupt(folder, `${classes.length} activities are named, expected ${CLASSES}`);
  }
  return {
    name: "uci-har",
    shape: uciHarShape,
    classes,
    folder,
    licence: "LicenseRef-UCI-HAR",
    redistributable: false,
    has: (split) => layout.has(folder, split),
    read: async (split) => checked(folder, split, await layout.read(folder, split)),
  };
}

async function findLayout(given: string): Promise<{ folder: string; layout: Layout }> {
  const inside = join(given, OFFICIAL_FOLDER);
  const folder = await access(inside).then(
    () => inside,
    () => given,
  );
  for (const layout of [official, compact]) {
    const parts = await Promise.all([layout.has(folder, "train"), layout.has(folder, "test")]);
    if (parts.includes(true)) return { folder, layout };
  }
  throw new MeanetError(
    "DATASET_MISSING",
    `${given} holds neither part of UCI HAR; unpack the archive of ${PAGE} there, or name its folder "${OFFICIAL_FOLDER}" with --data (meanet up: --sensor-data)`,
    { folder: given },
  );
}

/** What any layout must hold, whatever its form. */
function checked(folder: string, split: OfficialSplit, part: UciHarPart): LabelledWindows {
  const { windows, labels, subjects } = part;
  const count = windows.length / (uciHarShape[0] * uciHarShape[1]);
  if (labels.length !== count || subjects.length !== count) {
    throw corrupt(
      folder,
      `the ${split} part holds ${count} windows, ${labels.length} labels and ${subjects.length} subjects; expected one of each a window`,
    );
  }
  if (labels.some((label) => label >= CLASSES)) {
    throw corrupt(folder, `the ${split} part holds a label that is none of its ${CLASSES} activities`);
  }
  const wrong = windows.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1) {
    const window = Math.floor(wrong / (uciHarShape[0] * uciHarShape[1]));
    throw corrupt(
      folder,
      `the ${split} part holds a reading that is no finite number, ${windows[wrong]} in window ${window}`,
    );
  }
  return { kind: "window", count, shape: uciHarShape, rateHz: RATE_HZ, windows, labels, subjects };
}
