/** `12.3 mJ`; a dash for what is not known. */
export function joulesText(joules: number | null | undefined): string {
  if (joules === null || joules === undefined) return "–";
  if (joules === 0) return "0 J";
  const units = ["J", "mJ", "µJ", "nJ"];
  let value = joules;
  while (value < 1 && units.length > 1) {
    value *= 1000;
    units.shift();
  }
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${units[0]}`;
}

/** `3.1 MB`; a dash for what is not known. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${units[0] === "B" ? Math.round(value) : value.toFixed(1)} ${units[0]}`;
}

/** `93.4 %`; a dash for what is not known. */
export function shareText(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${(share * 100).toFixed(1)} %`;
}

/** `12.3 ms`, `123 ms`, from a second on `12.3 s`; a dash for what is not known. */
export function millisecondsText(ms: unknown): string {
  if (typeof ms !== "number") return "–";
  return ms < 999.5 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Of a page that would ask the recorder. */
export function noRecorderText(): string {
  return "No recorder is configured: give meanet flows the URL of one, with --recorder-url or as recorder.url in its file.";
}

/**
 * A cell that shows a text and is sorted by a number: "18.6 ms" stood before "2.5 ms". What a table shows of the column `p50.text` it
 * finds at `text` in `p50`; its sorting takes a field of that whole name first.
 *
 * @param number - what is not known comes before all numbers
 */
export function cell(column: string, number: unknown, text: string): object {
  return { [column]: { text }, [`${column}.text`]: number ?? null };
}
