import { createLogUpdate } from "log-update";
import pc from "picocolors";
import { FIGURES_TABLE_COLUMNS, figuresLine, figuresTable, type LiveFigures } from "./figures-view.ts";

/** Where a run shows itself: a live table on a terminal, else plain lines. */
export interface Screen {
  /** One line that stays. */
  say(text: string): void;
  figures(figures: LiveFigures): void;
  /** Between two calls of `figures`: a terminal is watched, lines are kept. */
  readonly intervalMs: number;
  /** Leaves the last figures where they stand. */
  close(): void;
}

const TABLE_INTERVAL_MS = 200;
const LINE_INTERVAL_MS = 2_000;

/** @param stream - standard output, or standard error when the output is for programs */
export function openScreen(stream: NodeJS.WriteStream): Screen {
  // Some pseudo-terminals have no width: nothing can be drawn in place there.
  return stream.isTTY && stream.columns > 0 ? tableScreen(stream) : lineScreen(stream);
}

function tableScreen(stream: NodeJS.WriteStream): Screen {
  const update = createLogUpdate(stream);
  return {
    intervalMs: TABLE_INTERVAL_MS,
    say: (text: string) => update.persist(text),
    figures: (figures: LiveFigures) => {
      const fits = stream.columns >= FIGURES_TABLE_COLUMNS;
      update(
        `${fits ? figuresTable(figures) : figuresLine(figures)}\n${pc.dim("Ctrl-C stops everything in order")}`,
      );
    },
    close: () => update.done(),
  };
}

function lineScreen(stream: NodeJS.WriteStream): Screen {
  return {
    intervalMs: LINE_INTERVAL_MS,
    say: (text: string) => void stream.write(`${text}\n`),
    figures: (figures: LiveFigures) => void stream.write(`${figuresLine(figures)}\n`),
    close: () => undefined,
  };
}
