import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudAnswer, complexFrame, refusedFrame } from "./frame.fixture.ts";
import { choiceText, traceText } from "./text.ts";

describe("a frame's trace in text", () => {
  const text = traceText(complexFrame);
  const has = (pattern: RegExp, within = text) => assert.match(within, pattern);

  it("tells what was said of it, provisional and final, and whether it is right", () => {
    has(/^frame frame-1 of camera-1, site lab, 3072 bytes; label ankle boot$/m);
    has(/^arrived 2026-01-31T12:00:00\.000Z at edge-1, QoS 1$/m);
    has(/^ {2}provisional +sneaker 51\.2 % by main after 5\.25 ms, wrong$/m);
    has(/^ {2}final +ankle boot 93\.1 % by cloud after 25\.5 ms, right$/m);
  });

  it("tells its route, and the edge's answer against the cloud's", () => {
    has(/complex: entropy 0\.912 > T 0\.8; cloud answered by worker-1, 3301 bytes sent/);
    has(/edge says +sneaker 51\.2 % by main: the cloud says ankle boot; its extension, .* was not asked/);
  });

  it("lays the stages out as bars that follow one another and fill the latency", () => {
    const bars = text.split("\n").filter((line) => line.includes("█"));
    assert.deepEqual(
      bars.map((line) => line.trim().split(/ {2,}/)[0]),
      ["wait to enter", "decode", "wait for main", "main", "cloud", "rest"],
    );
    const begins = bars.map((line) => line.indexOf("█"));
    assert.deepEqual(
      begins,
      begins.toSorted((a, b) => a - b),
    );
    // 20 of 25.5 ms, in forty columns.
    assert.equal(bars[4]!.split("█").length - 1, 31);
    has(/of the cloud: wait 2\.00 ms, compute 6\.00 ms by the worker's clock/);
  });

  it("tells joules by part and the most probable classes of each exit", () => {
    has(/main 1\.2 mJ, extension 0 J, upload 7\.9 mJ; 9\.1 mJ together \(modelled:raspberry-pi-4\)/);
    has(/cloud 40 mJ beside it/);
    has(/main +sneaker 0\.5123, ankle boot 0\.4000/);
    has(/cloud +ankle boot 0\.9312/);
  });

  it("tells why a frame was refused", () => {
    has(/refused +undecodable after 25\.5 ms: no JPEG, PNG or WebP/, traceText(refusedFrame));
    has(/12 bytes; no label/, traceText(refusedFrame));
  });

  it("says of a verdict from before that its stages and parts were not told", () => {
    const bare = {
      ...cloudAnswer,
      ...{ frameBytes: null, threshold: null, stages: null, top: null, edgeAnswer: null },
      energy: { ...cloudAnswer.energy, mainJ: null, extensionJ: null },
    };
    const said = traceText({ ...complexFrame, verdicts: [bare] });
    has(/stages were not told; 1\.00 ms waiting and 2\.00 ms of engine time in 25\.5 ms/, said);
    has(/main and extension 1\.2 mJ/, said);
    assert.doesNotMatch(said, /null|undefined|NaN|probable/);
  });

  it("lists the devices that used one id, as flags", () => {
    const list = choiceText([complexFrame, refusedFrame]);
    has(/^2 devices used this id/, list);
    has(/^ {2}--site lab --device camera-2 {2}refused +undecodable/m, list);
  });
});
