/** `93.4 %`; a dash for what is not known. */
export function percent(fraction: number | null): string {
  return fraction === null ? "–" : `${(fraction * 100).toFixed(1)} %`;
}

const joulePrefixes = [
  [1, "J"],
  [1e-3, "mJ"],
  [1e-6, "µJ"],
] as const;

/** `12.3 mJ`; a dash for what is not known. */
export function joules(value: number | null): string {
  return value === null ? "–" : scaled(value, joulePrefixes);
}

const bytePrefixes = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
  [1, "B"],
] as const;

/** `3.1 MB` */
export function bytes(value: number): string {
  return scaled(value, bytePrefixes);
}

/** Three digits in the largest unit that leaves something before the point. */
function scaled(value: number, units: readonly (readonly [number, string])[]): string {
  if (value === 0) return `0 ${units.find(([size]) => size === 1)![1]}`;
  const [size, name] = units.find(([least]) => value >= least) ?? units.at(-1)!;
  return `${Number((value / size).toPrecision(3))} ${name}`;
}
