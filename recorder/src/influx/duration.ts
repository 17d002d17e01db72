const units = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Milliseconds in the largest whole unit, as InfluxQL reads and shows it: `7d` is `1w`. */
export function influxDuration(ms: number): string {
  const [unit, size] = units.find(([, length]) => ms % length === 0)!;
  return `${ms / size}${unit}`;
}

/** Milliseconds of `168h0m0s`, as policies show it; 0 stands for ever. */
export function readPolicyDuration(text: string): number {
  const scale = { h: 3_600_000, m: 60_000, s: 1000 } as const;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|m|s)(?![a-z])/g))
    ms += Number(amount) * scale[unit as keyof typeof scale];
  return ms;
}
