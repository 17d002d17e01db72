import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { delay, map } from "rxjs";
import { only } from "./only.ts";

const isUpper = (text: string): text is Uppercase<string> => text === text.toUpperCase();
const lower = only(isUpper, (upper) =>
  upper.pipe(
    delay(2),
    map((text) => text.toLowerCase()),
  ),
);

describe("only", () => {
  test("applies the operator to what it picks and lets the rest pass beside it", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("-B--c-D---|").pipe(lower)).toBe("---bc---d-|");
    });
  });

  test("ends after both ways have ended", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("-B|").pipe(lower)).toBe("---(b|)");
      expectObservable(cold("|").pipe(lower)).toBe("|");
      expectObservable(cold("-").pipe(lower)).toBe("-");
    });
  });

  test("hands an error of either way on", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("-B-#").pipe(lower)).toBe("---#");
    });
  });

  test("leaves the source when it is left", () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot("-B--c-D");
      expectObservable(source.pipe(lower), "^---!").toBe("---b-");
      expectSubscriptions(source.subscriptions).toBe("^---!");
    });
  });
});
