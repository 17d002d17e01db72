import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { prepareOnce } from "./prepare-once.ts";

test("a text is prepared once for each database", () => {
  const [one, other] = [new DatabaseSync(":memory:"), new DatabaseSync(":memory:")].map(prepareOnce);
  const statement = one!("SELECT 1 AS n");
  assert.equal(one!("SELECT 1 AS n"), statement);
  assert.notEqual(one!("SELECT 2 AS n"), statement);
  assert.notEqual(other!("SELECT 1 AS n"), statement);
  assert.equal(statement.get()?.n, 1);
});
