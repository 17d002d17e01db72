import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import type { CloudAnswer } from "@meanet/protocol";
import { map, NEVER, type Observable, Subject } from "rxjs";
import type { TestScheduler } from "rxjs/testing";
import { frameOf, routedOf } from "../frames-for-tests.ts";
import type { Routed, Settled } from "../stages.ts";
import { type OffloadOptions, offload, type Question } from "./offload.ts";

const items = {
  e: routedOf(frameOf("e"), { route: "easy" }),
  h: routedOf(frameOf("h"), { route: "hard" }),
  A: routedOf(frameOf("a")),
  B: routedOf(frameOf("b")),
  /** Has waited 100 ms. */
  L: routedOf(frameOf("l", { arrivedMs: -100 })),
};

function answer(id: string, changes: object = {}): CloudAnswer {
  return {
    outcome: "answered",
    id,
    worker: "worker-1",
    attempt: 1,
    classes: [{ classIndex: 2, label: "two", probability: 0.9 }],
    model: "three@1.0.0",
    queueMs: 0,
    computeMs: 1,
    energyJ: 0.5,
    energySource: "modelled:test",
    ...changes,
  } as CloudAnswer;
}
const failed = { outcome: "failed", code: "MODEL_MISMATCH", detail: "no such bundle" };

/** Tickets are t1, t2, …; a publication weighs 10 bytes; deadline 20, silence 6. */
function offloaded(
  scheduler: TestScheduler,
  answers: Observable<CloudAnswer>,
  changes: Partial<OffloadOptions> = {},
  asked: Question[] = [],
  show: (item: Settled) => string = ({ frame, cloud, uplinkBytes }) => `${frame.id} ${cloud} ${uplinkBytes}`,
) {
  let tickets = 0;
  const options: OffloadOptions = {
    limit: 2,
    silenceMs: 6,
    deadlineMs: () => 20,
    online: () => true,
    publish: (question) => {
      asked.push(question);
      return 10;
    },
    answers,
    newTicket: () => `t${++tickets}`,
    provisional: false,
    now: () => scheduler.now(),
    scheduler,
    ...changes,
  };
  return (source: Observable<Routed>) =>
    source.pipe(
      offload(options),
      map((item) => (item.stage === "provisional" ? `${item.frame.id} provisional` : show(item))),
    );
}

describe("offload", () => {
  test("settles easy and hard frames at once and complex ones as their answers come", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("-------2-1---", { 1: answer("t1"), 2: answer("t2") });
      const source = cold("-A-e-B----h-|", items);
      const expected = "   ---e---b-ah-|";
      expectObservable(source.pipe(offloaded(scheduler, answers))).toBe(expected, {
        e: "e none 0",
        b: "b answered 10",
        h: "h none 0",
        a: "a answered 20",
      });
    });
  });

  test("keeps the edge's answer past its limit: busy, nothing queues", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("---1-----2---", { 1: answer("t1"), 2: answer("t2") });
      const source = cold("AB--B|", items);
      const expected = "   -b-a-----(c|)";
      expectObservable(source.pipe(offloaded(scheduler, answers, { limit: 1 }))).toBe(expected, {
        b: "b busy 0",
        a: "a answered 10",
        c: "b answered 10",
      });
    });
  });

  test("tells how long each frame waited for the cloud, answered or not", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("-------1", { 1: answer("t1") });
      const told = offloaded(
        scheduler,
        answers,
        {},
        [],
        ({ frame, stages }) => `${frame.id} ${stages.cloudMs}`,
      );
      expectObservable(cold("-A-eB|", items).pipe(told)).toBe("---e---a 12ms (b|)", {
        ...{ e: "e undefined", a: "a 6", b: "b 16" },
      });
    });
  });

  test("publishes again on silence, each time with what is left of the deadline, and is late after it", () => {
    const asked: Question[] = [];
    marbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold("A|", items).pipe(offloaded(scheduler, NEVER, {}, asked))).toBe("20ms (a|)", {
        a: "a late 40",
      });
    });
    assert.deepEqual(
      asked.map(({ ticket, attempt, remainingMs }) => [ticket, attempt, remainingMs]),
      [
        ["t1", 1, 20],
        ["t1", 2, 14],
        ["t1", 3, 8],
        ["t1", 4, 2],
      ],
    );
  });

  test("counts the bytes of every attempt when the answer comes to a later one", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("-------1--", { 1: answer("t1", { attempt: 2 }) });
      expectObservable(cold("A|", items).pipe(offloaded(scheduler, answers))).toBe("-------(a|)", {
        a: "a answered 20",
      });
    });
  });

  test("counts the deadline from the frame's arrival, and does not ask when it has passed", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const source = cold("-----AL|", items);
      expectObservable(source.pipe(offloaded(scheduler, NEVER))).toBe("------l 13ms (a|)", {
        l: "l late 0",
        a: "a late 30",
      });
    });
  });

  test("does not ask without a connection, and asks when it is back in time", () => {
    const asked: Question[] = [];
    marbles(({ cold, expectObservable }, scheduler) => {
      const offline = offloaded(scheduler, NEVER, { online: () => false }, asked);
      expectObservable(cold("A|", items).pipe(offline)).toBe("a|", { a: "a offline 0" });
    });
    assert.deepEqual(asked, []);
    marbles(({ cold, expectObservable }, scheduler) => {
      const away = offloaded(scheduler, NEVER, { online: () => scheduler.now() < 1 || scheduler.now() > 10 });
      expectObservable(cold("A|", items).pipe(away)).toBe("20ms (a|)", { a: "a late 30" });
    });
  });

  test("takes a worker that cannot answer, another model and an unknown class for a failure", () => {
    for (const bad of [
      failed,
      { model: "other@1.0.0" },
      { classes: [{ classIndex: 3, label: "?", probability: 1 }] },
    ]) {
      marbles(({ cold, hot, expectObservable }, scheduler) => {
        const answers = hot("--1--", { 1: answer("t1", bad) });
        expectObservable(cold("A|", items).pipe(offloaded(scheduler, answers))).toBe("--(a|)", {
          a: "a failed 10",
        });
      });
    }
  });

  test("takes no notice of answers to other questions and of a second answer", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("-x-1-1--", { x: answer("a"), 1: answer("t1") });
      expectObservable(cold("A------|", items).pipe(offloaded(scheduler, answers))).toBe("---a---|", {
        a: "a answered 10",
      });
    });
  });

  test("hears an answer that comes in the same breath as the question", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const answers = new Subject<CloudAnswer>();
      const publish = ({ ticket }: Question) => {
        answers.next(answer(ticket));
        return 10;
      };
      expectObservable(cold("A|", items).pipe(offloaded(scheduler, answers, { publish }))).toBe("a|", {
        a: "a answered 0",
      });
    });
  });

  test("says what the edge thinks at once when it is to", () => {
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("----1", { 1: answer("t1") });
      const source = cold("A-e|", items);
      expectObservable(source.pipe(offloaded(scheduler, answers, { provisional: true }))).toBe("p-e-(a|)", {
        p: "a provisional",
        e: "e none 0",
        a: "a answered 10",
      });
    });
  });

  test("ends when empty, never when silent, with the source's error", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      expectObservable(cold("|", items).pipe(offloaded(scheduler, NEVER))).toBe("|");
      expectObservable(cold("-", items).pipe(offloaded(scheduler, NEVER))).toBe("-");
      expectObservable(cold("A-#", items).pipe(offloaded(scheduler, NEVER))).toBe("--#");
    });
  });

  test("stops asking and listening when it is left", () => {
    const asked: Question[] = [];
    marbles(({ hot, expectObservable, expectSubscriptions }, scheduler) => {
      const source = hot("A-----------", items);
      const answers = hot<CloudAnswer>("-----------------");
      expectObservable(source.pipe(offloaded(scheduler, answers, {}, asked)), "^-------!").toBe("-");
      expectSubscriptions(answers.subscriptions).toBe("^-------!");
    });
    assert.equal(asked.length, 2);
  });

  test("frees the places of frames that are settled, and only of these", () => {
    const told: number[] = [];
    marbles(({ cold, hot, expectObservable }, scheduler) => {
      const answers = hot("---1", { 1: answer("t1") });
      const observe = (inFlight: number) => void told.push(inFlight);
      expectObservable(cold("AB|", items).pipe(offloaded(scheduler, answers, { observe }))).toBe(
        "---a 16ms (b|)",
        { a: "a answered 10", b: "b late 40" },
      );
    });
    assert.deepEqual(told, [1, 2, 1, 0]);
  });
});
