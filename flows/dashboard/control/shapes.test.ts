import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cell } from "../texts.ts";
import { controlFailed, controlState, keepState, whatIfRows, whatIfUrl } from "./shapes.ts";

function context() {
  const stored: Record<string, unknown> = {};
  return {
    get: (key: string) => stored[key],
    set: (key: string, value: unknown) => {
      stored[key] = value;
    },
  };
}

describe("settings of edge nodes", () => {
  const state = { value: 0.5, error: null, at: 1 };

  it("are read back by everyone, and are the answer to whoever wished", () => {
    const flow = context();
    const edges = { "edge-1": { threshold: state } };
    const told = keepState({ edge: "edge-1", setting: "threshold", state }, flow) as { payload: object };
    assert.deepEqual(told.payload, { edges, answer: null });
    const refused = { ...state, error: "must be 0 or more" };
    const wish = { edge: "edge-1", setting: "threshold", state: refused, _client: {} };
    const { payload } = keepState(wish, flow) as { payload: { answer: object } };
    assert.deepEqual(payload.answer, { edge: "edge-1", setting: "threshold", error: "must be 0 or more" });
    assert.deepEqual(controlState({}, flow), { payload: { edges: { "edge-1": { threshold: refused } } } });
  });

  it("say why a wish did not reach its edge node", () => {
    const error = { message: "MeanetError: edge node edge-1 did not tell" };
    const { payload } = controlFailed({ edge: "edge-1", topic: "policy", error }, context()) as {
      payload: object;
    };
    assert.deepEqual(payload, {
      edges: {},
      answer: { edge: "edge-1", setting: "policy", error: "edge node edge-1 did not tell" },
    });
  });
});

describe("what-if", () => {
  const environment = (recorder: string) =>
    new Map([
      ["MEANET_RECORDER_URL", recorder],
      ["MEANET_SITE", "hall"],
    ]);

  it("asks for the frames of one edge node of its site, at the recorder of the environment", () => {
    const here = environment("http://127.0.0.1:8082/");
    const ask = (payload: { edge: string; model?: string; spanMs: number }) =>
      whatIfUrl({ payload }, undefined, here)[0] as { url: string };
    const url = "http://127.0.0.1:8082/whatif?since=60000ms&edge=edge-1&site=hall";
    assert.equal(ask({ edge: "edge-1", spanMs: 60_000 }).url, url);
    const ofOne = ask({ edge: "edge-1", model: "uci-har@1.0.0+edge-1.2", spanMs: 60_000 });
    assert.equal(ofOne.url, `${url}&model=uci-har%401.0.0%2Bedge-1.2`);
  });

  it("says how to configure a recorder where there is none", () => {
    const [asked, answered] = whatIfUrl(
      { payload: { edge: "edge-1", spanMs: 1 } },
      undefined,
      environment(""),
    ) as [null, Parameters<typeof whatIfRows>[0]];
    assert.equal(asked, null);
    const [said] = whatIfRows(answered) as { payload: { whatIf: string } }[];
    assert.match(said?.payload.whatIf ?? "", /^No curve: No recorder is configured: .*--recorder-url/);
  });

  const row = {
    ...{ threshold: 0.5, sentShare: 0.25, coverage: 0.9, accuracy: 0.8, estimatedAccuracy: null },
    ...{ cloudJ: 2, jPerFrame: 0.0015, uplinkBytes: 3000, inForce: true },
  };

  it("gives a row for each threshold, the joules of a frame in millijoules", () => {
    const payload = { frames: 100, judge: "labels", rows: [row] };
    const [said, curves, table] = whatIfRows({ statusCode: 200, payload }) as { payload: unknown }[];
    assert.deepEqual(said?.payload, { whatIf: "From 100 recorded frames, judged by their labels." });
    assert.deepEqual(curves?.payload, table?.payload);
    assert.deepEqual(table?.payload, [
      {
        ...{ threshold: 0.5, accuracy: 0.8, "share sent": 0.25, "edge and upload": 1.5, cloud: 20 },
        ...{ ...cell("t", 0.5, "0.500 in force"), ...cell("sent", 0.25, "25.0 %") },
        ...{ ...cell("right", 0.8, "80.0 %"), ...cell("known", 0.9, "90.0 %") },
        ...{ ...cell("edge", 0.0015, "1.50 mJ"), ...cell("bytes", 3000, "3.0 kB") },
      },
    ]);
  });

  it("ends the curves at the highest entropy recorded, and says of a threshold beyond that it never sends", () => {
    const rows = [
      { ...row, threshold: 0, sentShare: 1, inForce: false },
      { ...row, threshold: 1.5, sentShare: 0, inForce: false },
      { ...row, threshold: 1e9, sentShare: 0, inForce: true },
    ];
    const models = [{ model: "uci-har@1.0.0", frames: 100 }];
    const payload = { frames: 100, judge: "labels", models, rows };
    const [said, curves, table] = whatIfRows({ statusCode: 200, payload }) as { payload: unknown }[];
    assert.deepEqual(said?.payload, {
      whatIf:
        "From 100 recorded frames of uci-har@1.0.0, judged by their labels. T in force, 1.00e+9 nats, is beyond their entropies and never sends one.",
    });
    const texts = (message: { payload: unknown } | undefined) =>
      (message?.payload as { t: { text: string } }[] | undefined)?.map(({ t }) => t.text);
    assert.deepEqual(texts(curves), ["0.00", "1.50"]);
    assert.deepEqual(texts(table), ["0.00", "1.50", "1.00e+9 in force, never sends"]);
  });

  it("says why there is no curve", () => {
    const said = (statusCode: number | string, payload: object) =>
      (whatIfRows({ statusCode, payload }) as { payload: { whatIf?: string } }[])[0]?.payload.whatIf;
    assert.match(said("ECONNREFUSED", {}) ?? "", /the recorder does not answer/);
    assert.match(said(400, { reason: "since must lie before until" }) ?? "", /since must lie before until/);
    assert.match(said(200, { frames: 0, rows: [] }) ?? "", /no frame of this edge node/);
  });
});
