import type { Cell, QueryResult } from "@meanet/recorder";
import Table from "cli-table3";

/** A query's answer as a table of characters. */
export function queryTable({ columns, rows }: QueryResult): string {
  const isNumber = columns.map((_, index) => rows.every((row) => typeof row[index] !== "string"));
  const table = new Table({
    head: [...columns],
    colAligns: isNumber.map((number) => (number ? "right" : "left")),
    style: { head: ["cyan"] },
  });
  for (const row of rows) table.push(row.map((cell, index) => cellText(columns[index]!, cell)));
  return table.toString();
}

const fractions = new Set(["share", "accuracy"]);

export function cellText(column: string, cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (column === "time") return new Date(cell).toISOString();
  if (fractions.has(column)) return `${(cell * 100).toFixed(1)} %`;
  return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(4)));
}
