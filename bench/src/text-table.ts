/** The first column stands to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  const lines = rows.map((row) => row.map(pad).join("  ").trimEnd());
  return [lines[0]!, widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)].join("\n");
}
