import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { delay, map, type OperatorFunction } from "rxjs";
import { frameOf } from "../frames-for-tests.ts";
import type { Frame } from "../stages.ts";
import { perKind } from "./per-kind.ts";

const frames = {
  p: frameOf("p"),
  q: frameOf("q"),
  W: frameOf("W", { kind: "window" }),
  X: frameOf("X", { kind: "window" }),
};
const named: OperatorFunction<Frame, string> = perKind(
  (kind) => (source) =>
    source.pipe(
      delay(kind === "image" ? 3 : 1),
      map(({ id }) => id),
    ),
);

describe("perKind", () => {
  test("gives pictures and windows an operator of their own", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("pWq-X----|", frames).pipe(named)).toBe("--Wp-(qX)|");
    });
  });

  test("ends after both have ended", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("p|", frames).pipe(named)).toBe("---(p|)");
      expectObservable(cold("|", frames).pipe(named)).toBe("|");
      expectObservable(cold("-", frames).pipe(named)).toBe("-");
    });
  });

  test("hands an error on and leaves the source when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      expectObservable(cold("-p-#", frames).pipe(named)).toBe("---#");
      const source = hot("-p--q", frames);
      expectObservable(source.pipe(named), "^----!").toBe("----p");
      expectSubscriptions(source.subscriptions).toBe("^----!");
    });
  });
});
