import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { MeanetError } from "@meanet/runtime";
import { delay, map, of, throwError } from "rxjs";
import { asked, show } from "./operators/items-for-tests.ts";
import { type PipelineOptions, pipeline, type WorkOptions } from "./pipeline.ts";

const inference = { classes: [], computeMs: 1, energyJ: 1 };

function options(now: () => number, given: Partial<WorkOptions> = {}): PipelineOptions {
  const work: WorkOptions = {
    admit: { working: 4, waiting: 4, waitingBytes: 99, now },
    decode: {
      limit: 2,
      decode: ({ item }) =>
        item.id === "p"
          ? throwError(() => new MeanetError("WRONG_SIZE", "3 bytes"))
          : of(new Float32Array(1)),
    },
    infer: { limit: 4, run: (batch) => of(batch.map(() => inference)).pipe(delay(5)), now },
    ...given,
  };
  return {
    copies: {},
    models: new Map([
      ["m@1", work],
      ["w@1", work],
    ]),
  };
}

describe("pipeline of the worker", () => {
  test("fails an item for another model at once, without a place", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const items = { a: asked("a"), o: asked("o", { model: "m@2" }), p: asked("p"), b: asked("b") };
      const out = { a: "a", b: "b", o: "o:MODEL_MISMATCH", p: "p:WRONG_SIZE" };
      const admit = { working: 1, waiting: 1, waitingBytes: 99, now };
      expectObservable(cold("ao-b|", items).pipe(pipeline(options(now, { admit })), map(show))).toBe(
        "-o---a----(b|)",
        out,
      );
    });
  });

  test("gives each bundle places and batches of its own", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const items = { a: asked("a"), w: asked("w", { model: "w@1" }), b: asked("b") };
      const admit = { working: 1, waiting: 1, waitingBytes: 99, now };
      expectObservable(cold("abw|", items).pipe(pipeline(options(now, { admit })), map(show))).toBe(
        "-----a-w--(b|)",
      );
    });
  });

  test("a frame that cannot be decoded fails alone and gives its place back", () => {
    marbles(({ cold, expectObservable }, { now }) => {
      const items = { a: asked("a"), p: asked("p"), b: asked("b") };
      const admit = { working: 1, waiting: 2, waitingBytes: 99, now };
      expectObservable(cold("apb|", items).pipe(pipeline(options(now, { admit })), map(show))).toBe(
        "-----(ap)-(b|)",
        { a: "a", b: "b", p: "p:WRONG_SIZE" },
      );
    });
  });

  test("every item leaves exactly once, whatever happens to it", () => {
    const seen: string[] = [];
    marbles(({ cold, expectObservable, flush }, { now }) => {
      const ids = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
      const items = Object.fromEntries(
        ids.map((id, index) => [
          id,
          asked(id, { model: index % 7 === 3 ? "x@1" : "m@1", arrivedMs: index, leftMs: (index * 5) % 23 }),
        ]),
      );
      let runs = 0;
      const infer: WorkOptions["infer"] = {
        limit: 3,
        now,
        run: (batch) => {
          runs += 1;
          const failing = runs % 3 === 0;
          return (failing ? throwError(() => new Error("engine")) : of(batch.map(() => inference))).pipe(
            delay(4),
          );
        },
      };
      const out = cold(`${ids.join("")}|`, items).pipe(
        pipeline(options(now, { infer })),
        map((settled) => {
          seen.push(settled.asked.item.id);
          return show(settled);
        }),
      );
      out.subscribe();
      expectObservable(cold("|")).toBe("|");
      flush();
      assert.deepEqual([...seen].sort(), ids);
    });
  });
});
