import { describe, test } from "node:test";
import { type Helpers, marbles } from "@meanet/pipeline/testing";
import { map, type Observable } from "rxjs";
import { decodedOf, frameOf } from "../frames-for-tests.ts";
import type { Decoded, Frame, Refused } from "../stages.ts";
import { decode } from "./decode.ts";

const frames = { a: frameOf("a"), b: frameOf("b"), c: frameOf("c") };
const refuse = (frame: Frame, error: unknown): Refused => ({
  stage: "refused",
  frame,
  reason: "undecodable",
  detail: String(error),
});

/** Each frame takes as its marbles say; `x` is the decoded frame. */
function decoded({ cold }: Helpers, times: Record<string, string>, limit = 2) {
  return (source: Observable<Frame>) =>
    source.pipe(
      decode({
        limit,
        decode: (frame) => cold<Decoded>(times[frame.id]!, { x: decodedOf(frame) }),
        refuse,
      }),
      map((item) => (item.stage === "decoded" ? item.frame.id : `refused ${item.frame.id}`)),
    );
}

describe("decode", () => {
  test("passes frames on as they come ready", () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const times = { a: "-----(x|)", b: "-(x|)" };
      expectObservable(cold("ab|", frames).pipe(decoded(helpers, times))).toBe("--b--(a|)");
    });
  });

  test("decodes no more than its limit at once", () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const times = { a: "---(x|)", b: "---(x|)", c: "---(x|)" };
      expectObservable(cold("abc|", frames).pipe(decoded(helpers, times, 1))).toBe("---a--b--(c|)");
    });
  });

  test("refuses a frame that cannot be decoded and goes on", () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const times = { a: "--#", b: "--(x|)" };
      expectObservable(cold("ab|", frames).pipe(decoded(helpers, times))).toBe("--r(b|)", {
        r: "refused a",
        b: "b",
      });
    });
  });

  test("ends when empty, never when silent, with the source's error", () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      expectObservable(cold("|", frames).pipe(decoded(helpers, {}))).toBe("|");
      expectObservable(cold("-", frames).pipe(decoded(helpers, {}))).toBe("-");
      expectObservable(cold("-#", frames).pipe(decoded(helpers, {}))).toBe("-#");
    });
  });

  test("leaves what is being decoded when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot<Frame>("a--b", frames);
      const work = cold<Decoded>("------");
      expectObservable(source.pipe(decode({ limit: 2, decode: () => work, refuse })), "^-!").toBe("---");
      expectSubscriptions(source.subscriptions).toBe("^-!");
      expectSubscriptions(work.subscriptions).toBe("^-!");
    });
  });
});
