import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { MeanetError } from "@meanet/runtime";
import { delay, map, of, pipe, throwError } from "rxjs";
import type { Asked, Decoded, Failed } from "../stages.ts";
import { decode } from "./decode.ts";
import { asked } from "./items-for-tests.ts";

const items = { a: asked("a"), b: asked("b"), c: asked("c") };
const out = { a: "a", b: "b", c: "c", B: "b:WRONG_SIZE", X: "b:INFERENCE_FAILED" };

/** Takes 3; `b` fails. */
function port(error: Error) {
  return ({ item }: Asked) => {
    return item.id === "b" ? throwError(() => error) : of(new Float32Array(1)).pipe(delay(3));
  };
}

const show = (item: Decoded | Failed) =>
  item.stage === "decoded" ? item.asked.item.id : `${item.asked.item.id}:${item.code}`;

describe("decode", () => {
  test("names what is wrong with one frame and goes on with the others", () => {
    marbles(({ cold, expectObservable }) => {
      const decoding = pipe(
        decode({ limit: 9, decode: port(new MeanetError("WRONG_SIZE", "3 bytes")) }),
        map(show),
      );
      expectObservable(cold("abc|", items).pipe(decoding)).toBe("-B-a-(c|)", out);
    });
  });

  test("survives an error without a code", () => {
    marbles(({ cold, expectObservable }) => {
      const decoding = pipe(decode({ limit: 1, decode: port(new Error("x".repeat(9999))) }), map(show));
      expectObservable(cold("b|", items).pipe(decoding)).toBe("X|", out);
    });
  });

  test("decodes no more at once than its limit", () => {
    marbles(({ cold, expectObservable }) => {
      const slow = () => of(new Float32Array(1)).pipe(delay(5));
      const decoding = pipe(decode({ limit: 2, decode: slow }), map(show));
      expectObservable(cold("(abc|)", items).pipe(decoding)).toBe("-----(ab)-(c|)", out);
    });
  });
});
