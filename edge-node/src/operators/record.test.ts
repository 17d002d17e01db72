import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import type { Verdict } from "@meanet/protocol";
import { map, type Observable, type SchedulerLike } from "rxjs";
import { frameOf } from "../frames-for-tests.ts";
import type { Concluded, Draft } from "../stages.ts";
import { record } from "./record.ts";

function concludedOf(id: string): Concluded {
  const draft = { id, final: true } as Draft;
  return { stage: "concluded", frame: frameOf(id), model: undefined, draft };
}
const items = { a: concludedOf("a"), b: concludedOf("b"), c: concludedOf("c") };

/** Rows are numbered over all transactions; a transaction with `c` in it fails. */
function recorded(gather: SchedulerLike, sizes: number[] = []) {
  let seq = 0;
  const append = (drafts: readonly Draft[]) => {
    sizes.push(drafts.length);
    if (drafts.some(({ id }) => id === "c")) throw new Error("disk full");
    return drafts.map((draft) => ({ ...draft, seq: ++seq }) as Verdict);
  };
  return (source: Observable<Concluded>) =>
    source.pipe(
      record({ limit: 2, append, gather }),
      map((item) =>
        item.stage === "recorded" ? `${item.frame.id} ${item.verdict.seq}` : `${item.stage} ${item.frame.id}`,
      ),
    );
}
const names = { a: "a 1", b: "b 2", c: "unrecorded c", d: "a 3" };

describe("record", () => {
  test("writes what concludes in the same breath in one transaction, at most its limit", () => {
    const sizes: number[] = [];
    marbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold("(aba)|", items).pipe(recorded(scheduler, sizes))).toBe("(abd)|", names);
    });
    assert.deepEqual(sizes, [2, 1]);
  });

  test("names a verdict that could not be written and goes on", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold("c-a-b|", items).pipe(recorded(scheduler))).toBe("c-a-b|", names);
    });
  });

  test("ends when empty, never when silent, with the source's error, and leaves the source when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }, scheduler) => {
      expectObservable(cold("|", items).pipe(recorded(scheduler))).toBe("|");
      expectObservable(cold("-", items).pipe(recorded(scheduler))).toBe("-");
      expectObservable(cold("-#", items).pipe(recorded(scheduler))).toBe("-#");
      const source = hot("-a-b-", items);
      expectObservable(source.pipe(recorded(scheduler)), "^-!").toBe("-a", names);
      expectSubscriptions(source.subscriptions).toBe("^-!");
    });
  });
});
