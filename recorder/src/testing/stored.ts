import { DatabaseSync } from "node:sqlite";
import { waitUntil } from "@meanet/session/testing";
import type { StoreState } from "../http/store-state.ts";

/** What the recorder answers under an address of its own. */
export async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** Waits until so many verdicts are stored, with so many of their rows missing. */
export function untilStored(url: string, verdicts: number, missing = 0): Promise<StoreState> {
  const isDone = (state: StoreState) => state.verdicts >= verdicts && state.missing === missing;
  return waitUntil(`${verdicts} verdicts are stored`, () => getJson<StoreState>(`${url}/store`), isDone);
}

/** The rows of all journals that a database has, in order. */
export function seqsIn(databaseFile: string): number[] {
  const database = new DatabaseSync(databaseFile, { readOnly: true });
  const seqs = database.prepare("SELECT seq FROM verdict ORDER BY seq").all();
  database.close();
  return seqs.map(({ seq }) => Number(seq));
}

export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
