import type { Cell, QueryResult } from "@meanet/recorder";
import { textTable } from "../text-table.ts";

/** A query's answer as a table of characters. */
export function queryTable({ columns, rows }: QueryResult, colour: boolean): string {
  return textTable({
    head: columns,
    rows: rows.map((row) => row.map((cell, index) => cellText(columns[index]!, cell))),
    right: columns.map((_, index) => rows.every((row) => typeof row[index] !== "string")),
    colour,
  });
}

const sourceTexts: Readonly<Record<QueryResult["from"], string>> = {
  raw: "raw rows",
  "1m": "roll-ups of a minute",
  "1h": "roll-ups of an hour",
};

/** What an answer rests on, and the time it covers. */
export function querySource({ query, from, since, until }: QueryResult): string {
  const [begin, end] = [since, until].map((moment) => new Date(moment).toISOString());
  const estimated = query === "latency" && from !== "raw" ? "; percentiles are estimates" : "";
  return `from ${sourceTexts[from]}, ${begin} to ${end}${estimated}`;
}

const fractions = new Set(["share", "accuracy", "accuracyInForce", "accuracyCandidate"]);

export function cellText(column: string, cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (column === "time" || column === "heardAt") return new Date(cell).toISOString();
  if (fractions.has(column)) return `${(cell * 100).toFixed(1)} %`;
  return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(4)));
}
