import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AskMessage, askNext, noteBroker, type Seen, type Wanted, withoutLists } from "./asking.ts";

const wanted: Wanted[] = [
  { name: "answers", query: "throughput" },
  { name: "exits over time", query: "exits", overTime: true },
  { name: "latency by exit", query: "latency", by: "exit" },
];
const connected = { get: () => "connected" };
const environment = (recorder: string) => ({
  get: (name: string) => ({ MEANET_RECORDER_URL: recorder, MEANET_SITE: "lab" })[name],
});
const here = environment("http://127.0.0.1:8082/");
const look = (held: object | null = { since: 60_000, until: 360_000 }): AskMessage => ({
  ...{ topic: "look", wanted, payload: { spanMs: 60_000, held } },
});

/** Asks until all is asked; `answer` is what the query node sends or what is caught. */
function whole(answer: (asking: AskMessage) => AskMessage): { asked: AskMessage[]; seen: Seen } {
  const asked: AskMessage[] = [];
  let [asking, done] = askNext(look(), connected, here);
  while (asking !== null) {
    asked.push({ ...asking });
    [asking, done] = askNext(answer(asking), connected, here);
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
    for (const { site } of asked) assert.equal(site, "lab");
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
    assert.deepEqual([seen.recorder, seen.answers], ["The recorder is away: no answer", {}]);
  });

  it("says that none is configured, and how to, where the query node has none to ask", () => {
    const [asking] = askNext(look(), connected, environment(""));
    const error = { code: "CONFIG_INVALID", message: "MeanetError: the connection names no recorder" };
    const [, done] = askNext({ ...asking, error }, connected, environment(""));
    assert.match((done!.payload as Seen).recorder ?? "", /^No recorder is configured: .*--recorder-url/);
  });

  it("shows long times in steps of half a day and of a week", () => {
    const steps = [30, 365].map((days) => {
      const held = { since: 0, until: days * 86_400_000 };
      const [asking] = askNext({ ...look(held), wanted: wanted.slice(1) }, connected, here);
      return asking?.interval;
    });
    assert.deepEqual(steps, [`${43_200_000}ms`, `${7 * 86_400_000}ms`]);
  });

  describe("a list of the recorder", () => {
    const lists: Wanted[] = [
      { name: "steps", path: "/trainings?limit=5" },
      { name: "stores", path: "/trainings?latest=true" },
    ];
    const ask = () => askNext({ ...look(), wanted: lists }, connected, here)[2]!;
    const come = (msg: AskMessage) => askNext(msg, connected, here);

    it("is asked of this site, without what the answer before brought along", () => {
      const first = ask();
      assert.equal(first.url, "http://127.0.0.1:8082/trainings?limit=5&site=lab");
      const headers = { "content-type": "application/json" };
      const answer = { ...first, statusCode: 200, payload: [{ at: 1 }], headers };
      const [, , second] = come(answer);
      assert.equal(second?.url, "http://127.0.0.1:8082/trainings?latest=true&site=lab");
      assert.ok(!("headers" in second) && !("statusCode" in second));
      const [, done] = come({ ...second, statusCode: 200, payload: [] });
      const { answers, lists: told, recorder } = done!.payload as Seen;
      assert.deepEqual([answers, told, recorder], [{}, { steps: [{ at: 1 }], stores: [] }, null]);
    });

    it("goes to the panels; the time line hears only that it came", () => {
      const [, done] = come({ ...ask(), left: [], statusCode: 200, payload: [{ at: 1 }] });
      assert.ok(!("seen" in done!) && !("wanted" in done!));
      const { payload } = withoutLists(done as { payload: Seen }) as { payload: Seen };
      assert.deepEqual(payload.lists, { steps: [] });
    });

    it("that is refused is named with the reason, and the next is asked", () => {
      const [, , second] = come({ ...ask(), statusCode: 503, payload: { reason: "16 queries wait" } });
      const [, done] = come({ ...second, statusCode: 404, payload: "not found" });
      assert.deepEqual((done!.payload as Seen).troubles, {
        steps: "the recorder refused: 16 queries wait",
        stores: "the recorder refused: status 404",
      });
    });

    it("that does not come ends the asking: the recorder is away", () => {
      const [query, done, list] = come({ ...ask(), error: { code: "ECONNREFUSED", message: "connect" } });
      assert.deepEqual([query, list], [null, null]);
      assert.match((done!.payload as Seen).recorder ?? "", /no answer/);
    });

    it("is asked of nobody where no recorder is configured", () => {
      const [, done, list] = askNext({ ...look(), wanted: lists }, connected, environment(""));
      assert.equal(list, null);
      assert.match((done!.payload as Seen).recorder ?? "", /recorder\.url/);
    });
  });

  it("shows the time up to now unless it is held, and takes a broker that was never heard of for away", () => {
    const before = Date.now();
    const [asking] = askNext(look(null), { get: () => undefined }, here);
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
