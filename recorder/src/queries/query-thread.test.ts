import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { answered, START } from "../testing/verdicts.ts";
import { QueryThread } from "./query-thread.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-query-thread-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const span = { since: String(START), until: String(START + 1000) };

describe("query thread", () => {
  test("reads a database that is being written", async () => {
    const file = join(folder, "live.sqlite");
    const store = openSqliteStore(file);
    const thread = new QueryThread(file);
    store.write([{ kind: "verdict", verdict: answered(1) }]);
    assert.deepEqual((await thread.run("throughput", span)).rows, [[1, 1]]);
    store.write([{ kind: "verdict", verdict: answered(2) }]);
    assert.deepEqual((await thread.run("throughput", span)).rows, [[2, 2]]);
    await thread.close();
    store.close();
  });

  test("refuses more questions than it can hold, and answers the others", async () => {
    const file = join(folder, "busy.sqlite");
    openSqliteStore(file).close();
    const thread = new QueryThread(file);
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => thread.run("exits", span)));
    const refused = asked.filter((one) => one.status === "rejected");
    assert.equal(refused.length, 4);
    assert.ok(refused.every(({ reason }) => isMeanetError(reason, "QUERY_BUSY")));
    await thread.close();
  });

  test("passes errors on with their code, and goes on", async () => {
    const thread = new QueryThread(join(folder, "missing.sqlite"));
    await assert.rejects(thread.run("exits", span), (error) => isMeanetError(error, "STORE_UNUSABLE"));
    await assert.rejects(thread.run("speed", span), (error) => isMeanetError(error, "QUERY_INVALID"));
    await thread.close();
  });
});
