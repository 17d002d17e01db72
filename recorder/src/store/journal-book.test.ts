import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "./database.ts";
import { JournalBook } from "./journal-book.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const FULL = 10_000;

test("journal book › where it is full, journals give way that have been quiet the longest and hold no row", () => {
  const database = openDatabase(":memory:");
  const book = new JournalBook(database);
  const name = (journal: string) => ({ site: "lab", edge: "edge-1", journal });
  const open = (journal: string, now: number) => {
    const opened = book.open(name(journal), now);
    if (opened !== undefined) {
      book.announce(opened, 1);
      book.save(now);
    }
    return opened !== undefined;
  };
  database.exec("BEGIN");
  for (let at = 0; at < FULL; at++) open(`j${at}`, at);
  database.exec("COMMIT");

  assert.equal(open("new", DAY_MS), false, "all were heard of within a day");
  assert.equal(open("j0", DAY_MS), true, "what is known stays known");
  assert.equal(open("new", DAY_MS + 5), true);
  // j0 was heard of meanwhile.
  assert.notEqual(book.get(name("j0")), undefined);
  for (const gone of ["j1", "j4"]) assert.equal(book.get(name(gone)), undefined, gone);
  for (const kept of ["j5", "j9999"]) assert.notEqual(book.get(name(kept)), undefined, kept);
  assert.equal(new JournalBook(database).states().length, FULL - 4 + 1);
  database.close();
});
