import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import type { Verdict } from "@meanet/protocol";
import { map, NEVER, type Observable, type SchedulerLike, shareReplay } from "rxjs";
import { frameOf } from "../frames-for-tests.ts";
import type { Concluded, Draft } from "../stages.ts";
import { record } from "./record.ts";

function concludedOf(id: string): Concluded {
  const draft = { id, final: true } as Draft;
  return { stage: "concluded", frame: frameOf(id), model: undefined, draft };
}
const items = { a: concludedOf("a"), b: concludedOf("b"), c: concludedOf("c") };

interface Given {
  readonly sizes?: number[];
  /** When the disk has room again. */
  readonly mendedAt?: number;
  readonly waiting?: number;
  readonly stopping?: Observable<unknown>;
}

/** Rows are numbered over all transactions; a transaction with `c` in it fails until the disk has room again. */
function recorded(
  scheduler: SchedulerLike,
  { sizes = [], mendedAt = Number.POSITIVE_INFINITY, waiting = 9, stopping = NEVER }: Given = {},
) {
  let seq = 0;
  const append = (drafts: readonly Draft[]) => {
    sizes.push(drafts.length);
    if (scheduler.now() < mendedAt && drafts.some(({ id }) => id === "c")) throw new Error("disk full");
    return drafts.map((draft) => ({ ...draft, seq: ++seq }) as Verdict);
  };
  return (source: Observable<Concluded>) =>
    source.pipe(
      record({ limit: 2, append, gather: scheduler, retryMs: 3, waiting, scheduler, stopping }),
      map((item) => {
        if (item.stage === "recorded") return `${item.frame.id} ${item.verdict.seq}`;
        return `${item.final ? "given up" : "delayed"} ${item.frame.id}`;
      }),
    );
}
const names = {
  a: "a 1",
  b: "b 2",
  d: "a 3",
  c: "c 1",
  "?": "delayed c",
  A: "a 2",
  B: "b 3",
  x: "given up c",
  y: "given up a",
};

describe("record", () => {
  test("writes what concludes in the same breath in one transaction, at most its limit", () => {
    const sizes: number[] = [];
    marbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold("(aba)|", items).pipe(recorded(scheduler, { sizes }))).toBe("(abd)|", names);
    });
    assert.deepEqual(sizes, [2, 1]);
  });

  test("writes what could not be written again until that works, and then what came meanwhile", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const given = { mendedAt: 5 };
      expectObservable(cold("c-a-b|", items).pipe(recorded(scheduler, given))).toBe("?--?--(cAB|)", names);
    });
  });

  test("gives up what concludes when too much waits", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const given = { mendedAt: 3, waiting: 1 };
      expectObservable(cold("ca--b|", items).pipe(recorded(scheduler, given))).toBe("?y-cb|", {
        ...names,
        b: "b 2",
      });
    });
  });

  test("tries once more when the node stops, then gives up", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const given = { stopping: cold("-s").pipe(shareReplay(1)) };
      expectObservable(cold("c----c----|", items).pipe(recorded(scheduler, given))).toBe(
        "?(?x)(??x)|",
        names,
      );
    });
  });

  test("holds no payload while a verdict waits", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const append = () => {
        throw new Error("disk full");
      };
      const bytes = cold("c", items).pipe(
        record({ limit: 2, append, gather: scheduler, retryMs: 3, waiting: 9, scheduler, stopping: NEVER }),
        map(({ frame }) => frame.payload.byteLength),
      );
      expectObservable(bytes, "^--!").toBe("0", { 0: 0 });
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
