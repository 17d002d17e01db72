import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { concat, delay, map, mergeMap, type OperatorFunction, of } from "rxjs";
import { frameOf } from "../frames-for-tests.ts";
import type { Dropped, Frame, Refused } from "../stages.ts";
import { admit } from "./admit.ts";

/** a to d: QoS 1; w to z: QoS 0, w and x of one camera, y and z of another. */
const frames = {
  a: frameOf("a"),
  b: frameOf("b"),
  c: frameOf("c"),
  d: frameOf("d"),
  w: frameOf("w", { qos: 0, device: "cam-1" }),
  x: frameOf("x", { qos: 0, device: "cam-1" }),
  y: frameOf("y", { qos: 0, device: "cam-2" }),
  z: frameOf("z", { qos: 0, device: "cam-2" }),
};

const slow: OperatorFunction<Frame, string> = (source) =>
  source.pipe(
    delay(5),
    map(({ id }) => id.toUpperCase()),
  );

/** `A` done, `refused c`, `dropped w`. */
function admitted(
  working: number,
  waiting: number,
  work: OperatorFunction<Frame, string> = slow,
): OperatorFunction<Frame, string> {
  return (source) =>
    source.pipe(
      admit({ working, waiting, waitingBytes: 100, ends: (result) => result !== "P" }, work),
      map((result: string | Refused | Dropped) =>
        typeof result === "string" ? result : `${result.stage} ${result.frame.id}`,
      ),
    );
}

describe("admit", () => {
  test("lets frames in as places come free, in their order", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("abc|", frames).pipe(admitted(2, 9))).toBe("-----AB---(C|)");
    });
  });

  test("refuses a QoS 1 frame past its limit by name", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("abc|", frames).pipe(admitted(1, 1))).toBe("--c--A----(B|)", {
        A: "A",
        B: "B",
        c: "refused c",
      });
    });
  });

  test("drops the oldest waiting QoS 0 frame of the same device", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("aywxz|", frames).pipe(admitted(1, 2))).toBe("---wyA----X----(Z|)", {
        w: "dropped w",
        y: "dropped y",
        A: "A",
        X: "X",
        Z: "Z",
      });
    });
  });

  test("gives a QoS 1 frame the room of the device with the most waiting QoS 0 frames", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("aywxb|", frames).pipe(admitted(1, 3))).toBe("----wA----Y----X----(B|)", {
        w: "dropped w",
        A: "A",
        Y: "Y",
        X: "X",
        B: "B",
      });
    });
  });

  test("bounds the bytes that wait: QoS 0 gives way only when that makes room enough", () => {
    marbles(({ cold, expectObservable }) => {
      const sized = {
        ...frames,
        w: { ...frames.w, payload: new Uint8Array(60) },
        x: { ...frames.x, payload: new Uint8Array(40) },
        c: { ...frames.c, payload: new Uint8Array(101) },
        b: { ...frames.b, payload: new Uint8Array(60) },
      };
      expectObservable(cold("awxcb|", sized).pipe(admitted(1, 9))).toBe("---cwA----X----(B|)", {
        c: "refused c",
        w: "dropped w",
        A: "A",
        X: "X",
        B: "B",
      });
    });
  });

  test("drops an arriving QoS 0 frame when only QoS 1 frames wait", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("abw|", frames).pipe(admitted(1, 1))).toBe("--w--A----(B|)", {
        A: "A",
        B: "B",
        w: "dropped w",
      });
    });
  });

  test("works without a queue: a free place is enough", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("ab----c|", frames).pipe(admitted(1, 0))).toBe("-b---A-----(C|)", {
        A: "A",
        b: "refused b",
        C: "C",
      });
    });
  });

  test("keeps a place until the result that ends its frame", () => {
    marbles(({ cold, expectObservable }) => {
      const announced: OperatorFunction<Frame, string> = (source) =>
        source.pipe(mergeMap(({ id }) => concat(of("P"), of(id.toUpperCase()).pipe(delay(4)))));
      expectObservable(cold("ab|", frames).pipe(admitted(1, 1, announced))).toBe("P---(AP)(B|)");
    });
  });

  test("tells what works and waits at every change", () => {
    marbles(({ cold, expectObservable, flush }) => {
      const told: string[] = [];
      const observe = ({ working, waiting }: { working: number; waiting: number }) =>
        void told.push(`${working}+${waiting}`);
      expectObservable(
        cold("ab|", frames).pipe(
          admit({ working: 1, waiting: 1, waitingBytes: 100, ends: () => true, observe }, slow),
        ),
      ).toBe("-----A----(B|)");
      flush();
      assert.deepEqual(told.slice(0, 2), ["1+0", "1+1"]);
      assert.equal(told.at(-1), "0+0");
    });
  });

  test("ends at once when empty, never when silent", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("|", frames).pipe(admitted(1, 1))).toBe("|");
      expectObservable(cold("-", frames).pipe(admitted(1, 1))).toBe("-");
    });
  });

  test("hands on an error of the source and of the work", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("a-#", frames).pipe(admitted(1, 1))).toBe("--#");
      expectObservable(cold("a--", frames).pipe(admitted(1, 1, () => cold("-#")))).toBe("-#");
    });
  });

  test("leaves source and work when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot<Frame>("a-b-c", frames);
      const work = cold<string>("-----");
      expectObservable(source.pipe(admitted(1, 1, () => work)), "^-!").toBe("---");
      expectSubscriptions(source.subscriptions).toBe("^-!");
      expectSubscriptions(work.subscriptions).toBe("^-!");
    });
  });
});
