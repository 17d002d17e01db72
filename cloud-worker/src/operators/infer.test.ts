import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { MeanetError } from "@meanet/runtime";
import { delay, map, mergeMap, of, pipe, throwError, timer } from "rxjs";
import type { Decoded, Inference } from "../stages.ts";
import { infer } from "./infer.ts";
import { decoded, show } from "./items-for-tests.ts";

const ids = ["a", "b", "c", "d"];
const items = Object.fromEntries(ids.map((id) => [id, decoded(id)]));
const out = Object.fromEntries([
  ...ids.map((id) => [id, id]),
  ...ids.map((id) => [id.toUpperCase(), `${id}:INFERENCE_FAILED`]),
  ...ids.map((id, index) => [String(index + 1), `${id}:DEADLINE`]),
]);
const inference: Inference = { classes: [], computeMs: 1, energyJ: 1 };
const idsOf = (batch: readonly Decoded[]) => batch.map(({ asked }) => asked.item.id).join("");

describe("infer", () => {
  test("runs what waits as one batch, in order, up to its limit", () => {
    const batches: string[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const run = (batch: readonly Decoded[]) => {
        batches.push(idsOf(batch));
        return of(batch.map(() => inference)).pipe(delay(4));
      };
      expectObservable(cold("abcd|", items).pipe(infer({ limit: 2, run, now }), map(show))).toBe(
        "----a---(bc)(d|)",
        out,
      );
      flush();
    });
    assert.deepEqual(batches, ["a", "bc", "d"]);
  });

  test("does not compute what is over when its batch starts", () => {
    const batches: string[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const run = (batch: readonly Decoded[]) => {
        batches.push(idsOf(batch));
        return of(batch.map(() => inference)).pipe(delay(6));
      };
      const given = {
        ...items,
        b: decoded("b", { arrivedMs: 1, leftMs: 5 }),
        d: decoded("d", { arrivedMs: 13, leftMs: 0 }),
      };
      expectObservable(cold("abc----------d|", given).pipe(infer({ limit: 9, run, now }), map(show))).toBe(
        "------(a2)--c4|",
        out,
      );
      flush();
    });
    assert.deepEqual(batches, ["a", "c"]);
  });

  test("an item that the model makes no sense of fails alone", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const run = (batch: readonly Decoded[]) =>
        of(batch.map(({ asked }) => (asked.item.id === "b" ? new Error("NaN") : inference)));
      expectObservable(cold("(abc|)", items).pipe(infer({ limit: 9, run, now }), map(show))).toBe(
        "(aBc|)",
        out,
      );
    });
  });

  test("after a batch that failed, runs each alone, so that only the one that breaks the model fails", () => {
    const batches: string[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const run = (batch: readonly Decoded[]) => {
        batches.push(idsOf(batch));
        const broken = idsOf(batch).includes("c");
        const result = broken
          ? throwError(() => new MeanetError("INFERENCE_FAILED", "out of memory"))
          : of(batch.map(() => inference));
        return timer(2).pipe(mergeMap(() => result));
      };
      expectObservable(cold("abcd|", items).pipe(infer({ limit: 9, run, now }), map(show))).toBe(
        "--a---b-C-(d|)",
        out,
      );
      flush();
    });
    assert.deepEqual(batches, ["a", "bc", "b", "c", "d"]);
  });

  test("tells how long an item waited for its batch", () => {
    const queues: number[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const run = (batch: readonly Decoded[]) => of(batch.map(() => inference)).pipe(delay(5));
      const seen = pipe(
        infer({ limit: 9, run, now }),
        map((settled) => {
          if (settled.stage === "answered") queues.push(settled.queueMs);
          return show(settled);
        }),
      );
      const given = { a: decoded("a", { arrivedMs: 0 }), b: decoded("b", { arrivedMs: 2 }) };
      expectObservable(cold("a-b|", given).pipe(seen)).toBe("-----a----(b|)", out);
      flush();
    });
    assert.deepEqual(queues, [0, 3]);
  });
});
