import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { concatMap, delay, map, mergeMap, type OperatorFunction, of, pipe } from "rxjs";
import type { Asked, Settled } from "../stages.ts";
import { admit } from "./admit.ts";
import { answered, asked, show } from "./items-for-tests.ts";

const ids = ["a", "b", "c", "d"];
const items = Object.fromEntries(ids.map((id) => [id, asked(id)]));
const out = Object.fromEntries([
  ...ids.map((id) => [id, id]),
  ...ids.map((id) => [id.toUpperCase(), `${id}:OVERLOAD`]),
  ...ids.map((id, index) => [String(index + 1), `${id}:DEADLINE`]),
]);
/** Answers one after the other, 6 each. */
const serial: OperatorFunction<Asked, Settled> = concatMap((item) => of(answered(item)).pipe(delay(6)));
const parallel: OperatorFunction<Asked, Settled> = mergeMap((item) => of(answered(item)).pipe(delay(6)));

describe("admit", () => {
  test("lets in as many as there are places, and the next when one leaves", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 2, waiting: 9, now }, parallel), map(show));
      expectObservable(cold("(abc|)", items).pipe(admitted)).toBe("------(ab)--(c|)", out);
    });
  });

  test("fails the oldest that waits when its queue is full", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 1, waiting: 1, now }, serial), map(show));
      expectObservable(cold("abcd----|", items).pipe(admitted)).toBe("--BC--a-----(d|)", out);
    });
  });

  test("fails those whose time is over before one that has time left", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 1, waiting: 2, now }, serial), map(show));
      const given = {
        ...items,
        b: asked("b", { leftMs: 100 }),
        c: asked("c", { arrivedMs: 2, leftMs: 1 }),
      };
      expectObservable(cold("abc-d---|", given).pipe(admitted)).toBe("----3-a-----b-----(d|)", out);
    });
  });

  test("counts the bytes that wait too", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ working: 1, waiting: 9, waitingBytes: 2, now }, serial), map(show));
      // Marbles have frames of one byte: c makes two, d three.
      expectObservable(cold("abcd----|", items).pipe(admitted)).toBe("---B--a-----c-----(d|)", out);
    });
  });

  test("does not start what is over by the time a place is free", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 1, waiting: 2, now }, serial), map(show));
      const given = { ...items, b: asked("b", { arrivedMs: 1, leftMs: 5 }) };
      expectObservable(cold("abc|", given).pipe(admitted)).toBe("------(a2)--(c|)", out);
    });
  });

  test("without a queue fails what finds no place", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 1, waiting: 0, now }, serial), map(show));
      expectObservable(cold("ab-----c|", items).pipe(admitted)).toBe("-B----a------(c|)", out);
    });
  });

  test("tells what works and what waits", () => {
    const lengths: string[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const observe = ({ working, waiting }: { working: number; waiting: number }) => {
        lengths.push(`${working}+${waiting}`);
      };
      const admitted = pipe(
        admit({ waitingBytes: 99, working: 1, waiting: 1, now, observe }, serial),
        map(show),
      );
      expectObservable(cold("ab|", items).pipe(admitted)).toBe("------a-----(b|)", out);
      flush();
    });
    assert.deepEqual(lengths, ["1+0", "1+1", "1+1", "1+0", "0+0"]);
  });

  test("ends at once when empty, never when silent, and hands on errors", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const admitted = pipe(admit({ waitingBytes: 99, working: 1, waiting: 1, now }, serial), map(show));
      expectObservable(cold("|", items).pipe(admitted)).toBe("|");
      expectObservable(cold("-", items).pipe(admitted)).toBe("-");
      expectObservable(cold("a-#", items).pipe(admitted)).toBe("--#");
    });
  });

  test("leaves its source when it is left", () => {
    marbles(({ hot, expectObservable, expectSubscriptions }, { now }) => {
      const source = hot("-ab-c-", items);
      expectObservable(
        source.pipe(admit({ waitingBytes: 99, working: 1, waiting: 1, now }, serial)),
        "^--!",
      ).toBe("----");
      expectSubscriptions(source.subscriptions).toBe("^--!");
    });
  });
});
