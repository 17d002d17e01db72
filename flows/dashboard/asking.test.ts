import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AskMessage, askNext, noteBroker, type Seen, type Wanted } from "./asking.ts";

const wanted: Wanted[] = [
  { name: "answers", query: "throughput" },
  { name: "exits over time", query: "exits", overTime: true },
  { name: "latency by exit", query: "latency", by: "exit" },
];
const connected = { get: () => "connected" };
const look = (held: object | null = { since: 60_000, until: 360_000 }): AskMessage => ({
  ...{ topic: "look", wanted, payload: { spanMs: 60_000, held } },
});

/** Asks until all is asked; `answer` is what the query node sends or what is caught. */
function whole(answer: (asking: AskMessage) => AskMessage): { asked: AskMessage[]; seen: Seen } {
  const asked: AskMessage[] = [];
  let [asking, done] = askNext(look(), connected);
  while (asking !== null) {
    asked.push({ ...asking });
    [asking, done] = askNext(answer(asking), connected);
  }
  return { asked, seen: done?.payload as Seen };
}

describe("askNext", () => {
  it("asks one query after the other over the same time, then gives all answers", () => {
    const { asked, seen } = whole((asking) => ({ ...asking, payload: [{ of: asking.query ?? null }] }));
    assert.deepEqual(
      asked.map(({ query, by, interval, since, until }) => ({ query, by, interval, since, until })),
      [
        { query: "throughput", by: undefined, interval: undefined, since: 60_000, until: 360_000 },
        { query: "exits", by: undefined, interval: "5000ms", since: 60_000, until: 360_000 },
        { query: "latency", by: "exit", interval: undefined, since: 60_000, until: 360_000 },
      ],
    );
    assert.deepEqual(seen.answers, {
      answers: [{ of: "throughput" }],
      "exits over time": [{ of: "exits" }],
      "latency by exit": [{ of: "latency" }],
    });
    assert.deepEqual([seen.recorder, seen.broker, seen.troubles], [null, "connected", {}]);
  });

  it("goes on after a query that is refused, and says which one and why", () => {
    const error = { code: "QUERY_INVALID", message: "MeanetError: the recorder refused: unknown" };
    const { seen } = whole((asking) =>
      asking.query === "exits" ? { ...asking, error } : { ...asking, payload: [] },
    );
    assert.deepEqual(Object.keys(seen.answers), ["answers", "latency by exit"]);
    assert.deepEqual(seen.troubles, { "exits over time": "the recorder refused: unknown" });
  });

  it("asks nothing further of a recorder that does not answer", () => {
    const error = { code: "RECORDER_UNREACHABLE", message: "no answer" };
    const { asked, seen } = whole((asking) => ({ ...asking, error }));
    assert.equal(asked.length, 1);
    assert.deepEqual([seen.recorder, seen.answers], ["no answer", {}]);
  });

  it("shows the time up to now unless it is held, and takes a broker that was never heard of for away", () => {
    const before = Date.now();
    const [asking] = askNext(look(null), { get: () => undefined });
    assert.ok(asking?.until !== undefined && asking.until >= before);
    assert.equal(asking.since, asking.until - 60_000);
    assert.equal(asking.seen?.broker, "connecting");
  });
});

describe("noteBroker", () => {
  it("reads the connection from the status of one of our nodes", () => {
    const states = [
      { fill: "yellow", shape: "ring" },
      { fill: "red", shape: "ring" },
      { fill: "green", shape: "ring" },
      { fill: "red", shape: "dot" },
    ].map((status) => {
      let state: unknown;
      const set = (_: string, value: unknown) => {
        state = value;
      };
      noteBroker({ status }, { set });
      return state;
    });
    assert.deepEqual(states, ["connecting", "denied", "connected", "connected"]);
  });
});
