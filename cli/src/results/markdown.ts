/** Text of figures. What was not measured has no figure: it says so. */
export const notRun = "not run yet";
/** A run from before the figure was thought of. */
export const notMeasured = "not measured";

/** @param texts - columns of text, which stand to the left; the others hold figures */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, column) => (column < texts ? "---" : "---:"))),
    ...rows.map(line),
  ].join("\n");
}

export function percent(fraction: number | undefined, digits = 1): string {
  return fraction === undefined ? notMeasured : `${(100 * fraction).toFixed(digits)} %`;
}

/** A difference of two shares, with its sign. */
export function points(difference: number): string {
  return `${signedPoints(difference)} points`;
}

/** The same without the word, for a column that says it. */
export function signedPoints(difference: number): string {
  const text = (100 * difference).toFixed(1);
  return difference < 0 ? text.replace("-", "−") : `+${text}`;
}

/** From the least to the greatest, once where both read alike. */
export function range(values: readonly number[], format: (value: number) => string): string {
  const [least, greatest] = [format(Math.min(...values)), format(Math.max(...values))];
  return least === greatest ? least : `${least} to ${greatest}`;
}

export function whole(value: number): string {
  return value.toLocaleString("en");
}

export function mega(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

export function millijoules(joules: number): string {
  return `${(1000 * joules).toFixed(2)} mJ`;
}
