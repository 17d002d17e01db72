import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { START } from "../testing/verdicts.ts";
import { queryNames } from "./named-queries.ts";
import { observations } from "./observations-for-tests.ts";
import { runQuery } from "./sql.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-query-plan-"));
const file = join(folder, "recorder.sqlite");
before(() => {
  const store = openSqliteStore(file);
  store.write(observations());
  store.close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

const large = "(verdict|energy|node|drop_count|newest)";
/**
 * How SQLite tells that a table which grows with every frame, or with every report of a node, is read whole. So is one that is searched
 * for its `min(at)` without bounds, but by an index that begins with `at`.
 */
const WHOLE = new RegExp(`^(SCAN ${large}\\b|SEARCH ${large}( USING (COVERING )?INDEX (?!\\w+_at$)\\w+)?$)`);

for (const name of queryNames) {
  test(`${name} › of a short time reads no large table from end to end`, (context) => {
    const prepare = context.mock.method(DatabaseSync.prototype, "prepare");
    runQuery(file, name, { since: String(START), until: String(START + 30_000) });
    const statements = prepare.mock.calls.map(({ arguments: [text] }) => text);
    prepare.mock.restore();
    const database = new DatabaseSync(file, { readOnly: true });
    context.after(() => database.close());
    assert.ok(statements.length > 0);
    // The first row of a table is one row.
    for (const statement of statements.filter((text) => !text.endsWith("ORDER BY row LIMIT 1"))) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all();
      const scans = plan.map(({ detail }) => String(detail)).filter((detail) => WHOLE.test(detail));
      assert.deepEqual(scans, [], statement);
    }
  });
}
