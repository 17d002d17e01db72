import Table from "cli-table3";

export interface TextTableOptions {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers stand to the right. */
  readonly right: readonly boolean[];
  /** Whether the text goes to a terminal. */
  readonly colour: boolean;
}

/** A table of characters, one line per row. */
export function textTable({ head, rows, right, colour }: TextTableOptions): string {
  const table = new Table({
    head: [...head],
    colAligns: right.map((isRight) => (isRight ? "right" : "left")),
    style: { head: colour ? ["cyan"] : [], border: colour ? ["grey"] : [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
