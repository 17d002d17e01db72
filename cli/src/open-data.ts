/** Data sets as commands open them: what takes long, and what is left out, is told on standard error. */
import { type Dataset, type Manifest, type OpenDatasetOptions, openDataset } from "@meanet/models";

/** Between two lines about pictures that are read. */
const LINE_INTERVAL_MS = 10_000;

export interface OpenDataOptions
  extends Pick<OpenDatasetOptions, "from" | "shape" | "classes" | "skipUnreadable"> {
  /** Left out: a line on standard error. */
  readonly say?: (text: string) => void;
}

/** What `--skip-unreadable` does, wherever it stands. */
export const skipUnreadableText =
  "leave out pictures of a folder that cannot be read, and count them, instead of stopping before anything begins";

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export function openData(
  name: string,
  { say = console.error, ...options }: OpenDataOptions,
): Promise<Dataset> {
  let nextMs = 0;
  return openDataset(name, {
    ...options,
    onDownload: (url) => say(`downloading ${url}`),
    onDecoding: ({ split, pictures }) => {
      say(`reading ${pictures} pictures of the ${split} part`);
      nextMs = performance.now() + LINE_INTERVAL_MS;
    },
    onDecoded: ({ split, pictures, decoded }) => {
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + LINE_INTERVAL_MS;
      say(`read ${decoded} of ${pictures} pictures of the ${split} part`);
    },
    onSkipped: ({ split, pictures, skipped }) =>
      say(
        `left out, since they cannot be read: ${skipped.length} of ${pictures} pictures of the ${split} part\n${skipped.map((path) => `  ${path}`).join("\n")}`,
      ),
  });
}

/**
 * The data of a bundle: frames in the shape that it takes, classes in the order that it counts them.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export function openBundleData(
  { input, classes, provenance }: Pick<Manifest, "input" | "classes" | "provenance">,
  options: Omit<OpenDataOptions, "shape" | "classes">,
): Promise<Dataset> {
  return openData(provenance.data.name, { ...options, shape: input.shape, classes });
}
