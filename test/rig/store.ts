import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { waitUntil } from "@meanet/recorder/testing";

/** A final verdict or refusal as the recorder keeps it. */
export interface FinalRow {
  readonly device: string;
  readonly id: string;
  readonly edge: string;
  readonly outcome: string;
  readonly reason: string;
  readonly exit: string;
  readonly cloud: string | null;
  readonly worker: string | null;
}

/** All final rows, read beside a recorder that may be at work. */
export function finalRows(storeFile: string): FinalRow[] {
  return read(storeFile, (database) => {
    const rows = database.prepare(
      `SELECT device, id, edge, outcome, reason, exit, cloud, worker FROM verdict
       WHERE outcome <> 'provisional' ORDER BY row`,
    );
    return rows.all() as unknown as FinalRow[];
  });
}

/** Waits until frames `f-0` to `f-(count-1)` have a final row, then holds that each has one only, and no journal a gap. */
export async function expectEachOnce(storeFile: string, count: number): Promise<FinalRow[]> {
  const ids = Array.from({ length: count }, (_, index) => `f-${index}`);
  const missing = () => {
    const stored = new Set(finalRows(storeFile).map(({ id }) => id));
    return ids.filter((id) => !stored.has(id)).length;
  };
  await waitUntil("no frame misses its final row", missing, (frames) => frames === 0);
  await waitUntil(
    "no journal has a gap",
    () => gaps(storeFile),
    (rows) => rows === 0,
    30_000,
  );
  const rows = finalRows(storeFile);
  assert.deepEqual(rows.map(({ id }) => id).sort(), ids.sort());
  return rows;
}

/** Rows that the edge nodes wrote before the last one stored, and that are not here. */
function gaps(storeFile: string): number {
  return read(storeFile, (database) => {
    const journals = database.prepare("SELECT max(seq) - count(*) AS gaps FROM verdict GROUP BY journal_key");
    return journals.all().reduce((sum, { gaps }) => sum + Number(gaps), 0);
  });
}

function read<T>(storeFile: string, look: (database: DatabaseSync) => T): T {
  assert.ok(existsSync(storeFile), `${storeFile} is not there`);
  const database = new DatabaseSync(storeFile, { readOnly: true, timeout: 5_000 });
  try {
    return look(database);
  } finally {
    database.close();
  }
}
