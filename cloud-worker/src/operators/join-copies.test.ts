import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { delay, map, mergeMap, type OperatorFunction, of, pipe, Subject, tap } from "rxjs";
import { type Asked, fail, type Settled } from "../stages.ts";
import { answered, asked, show } from "./items-for-tests.ts";
import { joinCopies } from "./join-copies.ts";

const items = {
  a: asked("a"),
  A: asked("a", { attempt: 2 }),
  b: asked("b"),
  o: asked("a", { edge: "edge-2" }),
};
const out = { a: "a", A: "a2", b: "b", f: "a:DEADLINE", F: "a2:DEADLINE" };
/** Answers each item after 5. */
const slow: OperatorFunction<Asked, Settled> = mergeMap((item) => of(answered(item)).pipe(delay(5)));

function shown(work: OperatorFunction<Asked, Settled>, onCopy: () => void = () => undefined) {
  return pipe(joinCopies({ onCopy }, work), map(show));
}

describe("joinCopies", () => {
  test("answers every copy of what is computed once", () => {
    const computed: string[] = [];
    let copies = 0;
    marbles(({ cold, expectObservable, flush }) => {
      const work = pipe(
        tap<Asked>(({ item }) => computed.push(item.id)),
        slow,
      );
      expectObservable(cold("aA------b---|", items).pipe(shown(work, () => copies++))).toBe(
        "-----(aA)----(b|)",
        out,
      );
      flush();
    });
    assert.deepEqual(computed, ["a", "b"]);
    assert.equal(copies, 1);
  });

  test("computes again what was answered before, and keeps the same id of two edges apart", () => {
    const computed: string[] = [];
    marbles(({ cold, expectObservable, flush }) => {
      const work = pipe(
        tap<Asked>(({ item }) => computed.push(item.edge)),
        slow,
      );
      expectObservable(cold("a-o------A|", items).pipe(shown(work))).toBe("-----a-a------(A|)", out);
      flush();
    });
    assert.deepEqual(computed, ["edge-1", "edge-2", "edge-1"]);
  });

  test("tells a failure to every copy", () => {
    marbles(({ cold, expectObservable }) => {
      const failing = mergeMap((item: Asked) => of(fail(item, "DEADLINE", "late")).pipe(delay(5)));
      expectObservable(cold("aA-|", items).pipe(shown(failing))).toBe("-----(fF|)", out);
    });
  });

  test("bounds the copies it answers", () => {
    const source = new Subject<Asked>();
    const release = new Subject<void>();
    let answers = 0;
    const held: OperatorFunction<Asked, Settled> = mergeMap((item) =>
      release.pipe(map(() => answered(item))),
    );
    source.pipe(joinCopies({}, held)).subscribe(() => answers++);
    for (let attempt = 1; attempt <= 100; attempt++) source.next(asked("a", { attempt }));
    release.next();
    assert.equal(answers, 9);
  });

  test("ends with its work, and hands on errors", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("|", items).pipe(shown(slow))).toBe("|");
      expectObservable(cold("-", items).pipe(shown(slow))).toBe("-");
      expectObservable(cold("a-#", items).pipe(shown(slow))).toBe("--#");
    });
  });

  test("leaves its source when it is left", () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot("-a-A-", items);
      expectObservable(source.pipe(shown(slow)), "^--!").toBe("----");
      expectSubscriptions(source.subscriptions).toBe("^--!");
    });
  });
});
