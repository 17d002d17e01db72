import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import type { Verdict } from "@meanet/protocol";
import { concat, delay, map, mergeMap, type Observable, of } from "rxjs";
import { frameOf } from "../frames-for-tests.ts";
import type { Dropped, Frame, Recorded, Unrecorded } from "../stages.ts";
import { once } from "./once.ts";

const frames = {
  a: frameOf("a"),
  b: frameOf("b"),
  o: frameOf("a", { device: "other" }),
  q: frameOf("a", { qos: 0 }),
  n: frameOf("a", { named: false }),
};

const names = {
  a: "recorded cam/a 1",
  t: "twin cam/a 1",
  b: "recorded cam/b 1",
  o: "recorded other/a 1",
  k: "known cam/a 1",
  d: "dropped cam/a 0",
  z: "twin cam/a 0",
  u: "unrecorded cam/a 1",
  p: "recorded cam/a 1",
};

function recorded(frame: Frame, final = true): Recorded {
  const verdict = { id: frame.id, final } as Verdict;
  return { stage: "recorded", frame, model: undefined, verdict };
}

type Work = (frames: Observable<Frame>) => Observable<Recorded | Unrecorded | Dropped>;

const slow: Work = (source) =>
  source.pipe(
    delay(6),
    map((frame) => recorded(frame)),
  );

/** @param found - ids whose final verdict stands in the journal before the test */
function recognised(work: Work = slow, found: readonly string[] = []) {
  const find = (_device: string, id: string) =>
    found.includes(id) ? recorded(frameOf(id)).verdict : undefined;
  return (source: Observable<Frame>) =>
    source.pipe(
      once({ find }, work),
      map(({ stage, frame }) => `${stage} ${frame.device}/${frame.id} ${frame.qos}`),
    );
}

describe("once", () => {
  test("lets a frame that comes again in flight share the verdict of the first", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("aa--b-----|", frames).pipe(recognised())).toBe("------(at)(b|)", names);
    });
  });

  test("takes the same id of another device for another frame", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("ao|", frames).pipe(recognised())).toBe("------a(o|)", names);
    });
  });

  test("answers a frame whose verdict is in the journal from there", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("a-b|", frames).pipe(recognised(slow, ["a"]))).toBe("k-------(b|)", names);
    });
  });

  test("goes on after a journal that cannot be read, and gives that frame no second verdict", () => {
    marbles(({ cold, expectObservable }) => {
      const find = (_device: string, id: string) => {
        if (id === "a") throw new Error("disk I/O error");
        return undefined;
      };
      const out = cold("a-b|", frames).pipe(
        once({ find }, slow),
        map(({ stage, frame }) => `${stage} ${frame.device}/${frame.id} ${frame.qos}`),
      );
      expectObservable(out).toBe("u-------(b|)", names);
    });
  });

  test("does not look for a frame that had no id of its own", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("n|", frames).pipe(recognised(slow, ["a"]))).toBe("------(a|)", names);
    });
  });

  test("waits for the final verdict, whatever provisional one comes before", () => {
    marbles(({ cold, expectObservable }) => {
      const announced: Work = (source) =>
        source.pipe(
          mergeMap((frame) => concat(of(recorded(frame, false)), of(recorded(frame)).pipe(delay(3)))),
        );
      expectObservable(cold("aa|", frames).pipe(recognised(announced))).toBe("p--(at|)", names);
    });
  });

  test("sends a QoS 1 twin in when the QoS 0 copy before it is dropped", () => {
    marbles(({ cold, expectObservable }) => {
      const drops: Work = (source) =>
        source.pipe(
          delay(4),
          map((frame): Recorded | Dropped =>
            frame.qos === 0 ? { stage: "dropped", frame } : recorded(frame),
          ),
        );
      expectObservable(cold("qqaa|", frames).pipe(recognised(drops))).toBe("-z--d---(at|)", names);
    });
  });

  test("gives a twin that goes in the payload of the copy before it, and keeps none of its own", () => {
    marbles(({ cold, expectObservable }) => {
      const work: Work = (source) =>
        source.pipe(
          delay(4),
          map((frame): Recorded | Dropped =>
            frame.qos === 0 ? { stage: "dropped", frame } : recorded(frame),
          ),
        );
      const sizes = cold("qaa|", frames).pipe(
        once({ find: () => undefined }, work),
        map(({ stage, frame }) => `${stage} ${frame.payload.byteLength}`),
      );
      expectObservable(sizes).toBe("----d---(at|)", { d: "dropped 3", a: "recorded 3", t: "twin 0" });
    });
  });

  test("holds eight twins and lets the oldest go when there are more", () => {
    marbles(({ cold, expectObservable }) => {
      const late: Work = (source) =>
        source.pipe(
          delay(12),
          map((frame) => recorded(frame)),
        );
      expectObservable(cold("aaaaaaaaaa|", frames).pipe(recognised(late))).toBe(
        "---------t--(atttttttt|)",
        names,
      );
    });
  });

  test("forgets twins whose verdict could not be recorded: nothing acknowledges them", () => {
    marbles(({ cold, expectObservable }) => {
      const fails: Work = (source) =>
        source.pipe(
          delay(2),
          map((frame) => ({ stage: "unrecorded", frame, model: undefined, final: true, error: "full" })),
        );
      expectObservable(cold("aa-a|", frames).pipe(recognised(fails))).toBe("--u--(u|)", names);
    });
  });

  test("ends at once when empty, never when silent", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("|", frames).pipe(recognised())).toBe("|");
      expectObservable(cold("-", frames).pipe(recognised())).toBe("-");
    });
  });

  test("hands on an error of the source and of the work", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("a-#", frames).pipe(recognised())).toBe("--#");
      expectObservable(cold("a--", frames).pipe(recognised(() => cold("-#")))).toBe("-#");
    });
  });

  test("leaves source and work when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot<Frame>("a-b-a", frames);
      const work = cold<Recorded>("-----");
      expectObservable(source.pipe(recognised(() => work)), "^-!").toBe("---");
      expectSubscriptions(source.subscriptions).toBe("^-!");
      expectSubscriptions(work.subscriptions).toBe("^-!");
    });
  });
});
