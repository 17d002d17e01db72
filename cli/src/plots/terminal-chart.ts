import asciichart from "asciichart";
import pc from "picocolors";

export interface TerminalChart {
  /** By name: values at the same distances, of at least 0. */
  readonly series: ReadonlyMap<string, readonly number[]>;
  /** A label of the axis. */
  readonly format: (value: number) => string;
  /** Whether the text goes to a terminal. */
  readonly colour: boolean;
}

const HEIGHT = 12;
const LABEL_WIDTH = 10;
const palette = ["cyan", "yellow", "magenta", "green", "red", "blue"] as const;

/** Escape sequences that begin a colour; asciichart ends it. */
const ansi = {
  cyan: "\u001b[36m",
  yellow: "\u001b[33m",
  magenta: "\u001b[35m",
  green: "\u001b[32m",
  red: "\u001b[31m",
  blue: "\u001b[34m",
} as const;

/** Lines of characters from 0 up, with a legend under them. */
export function terminalChart({ series, format, colour }: TerminalChart): string {
  const colours = pc.createColors(colour);
  const values = [...series.values()];
  const highest = Math.max(...values.flat());
  const plot = asciichart.plot(values, {
    min: 0,
    // A line of zeros needs an axis too.
    max: highest === 0 ? 1 : highest,
    height: HEIGHT,
    // A label is one column to asciichart, whatever its width; the axis is the second.
    offset: 2,
    colors: values.map((_, index) => (colour ? ansi[palette[index % palette.length]!] : undefined)),
    // The lowest label comes out of a subtraction, and may be 1e-17 in place of 0.
    format: (value) => `${format(Math.abs(value) < highest * 1e-9 ? 0 : value).padStart(LABEL_WIDTH)} `,
  });
  const legend = Array.from(series.keys(), (name, index) =>
    colours[palette[index % palette.length]!](`── ${name}`),
  );
  return `${plot}\n${legend.join("  ")}`;
}
