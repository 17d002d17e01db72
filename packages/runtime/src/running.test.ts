import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StartedParts } from "./running.ts";

describe("started parts", () => {
  test("stop in reverse order, each once, one after the other", async () => {
    const parts = new StartedParts();
    const log: string[] = [];
    for (const name of ["store", "session", "http"]) {
      parts.add(name, name, async (part) => {
        log.push(`${part} stops`);
        await Promise.resolve();
        log.push(`${part} stopped`);
      });
    }
    await Promise.all([parts.stop(), parts.stop()]);
    await parts.stop();
    assert.deepEqual(log, [
      "http stops",
      "http stopped",
      "session stops",
      "session stopped",
      "store stops",
      "store stopped",
    ]);
  });

  test("stop every part, then report every failure", async () => {
    const parts = new StartedParts();
    const stopped: string[] = [];
    parts.add("store", 0, () => void stopped.push("store"));
    parts.add("session", 0, () => Promise.reject(new Error("socket")));
    parts.add("http", 0, () => {
      throw new Error("port");
    });
    await assert.rejects(parts.stop(), (error) => {
      assert.ok(error instanceof AggregateError);
      assert.equal(error.message, "http did not stop cleanly; session did not stop cleanly");
      assert.deepEqual(
        error.errors.map(({ cause }: Error) => (cause as Error).message),
        ["port", "socket"],
      );
      return true;
    });
    assert.deepEqual(stopped, ["store"]);
  });

  test("are stopped when a later one fails to start, and the first error is the one told", async () => {
    const parts = new StartedParts();
    const stopped: string[] = [];
    const starting = parts.guard(async () => {
      parts.add("store", 0, () => void stopped.push("store"));
      parts.add("session", 0, () => Promise.reject(new Error("second")));
      await Promise.resolve();
      throw new Error("first");
    });
    await assert.rejects(starting, /first/);
    assert.deepEqual(stopped, ["store"]);
  });

  test("that all start are left running", async () => {
    const parts = new StartedParts();
    const stopped: string[] = [];
    assert.equal(await parts.guard(async () => parts.add("store", 7, () => void stopped.push("store"))), 7);
    assert.deepEqual(stopped, []);
  });
});
