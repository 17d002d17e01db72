import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { ARRIVED, cloudAnswer, complexFrame, refusedFrame } from "./frame.fixture.ts";
import { otlpTraces } from "./otlp.ts";

/**
 * ExportTraceServiceRequest as its JSON must be: field names of opentelemetry/proto/trace/v1/trace.proto in lowerCamelCase, ids in
 * hex, (u)int64 as decimal strings, enums as integers. Strict: a field that the protocol does not have is an error.
 */
const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value: anyValue }))
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, "keys must be unique");
const nanos = z.string().regex(/^\d{19}$/);
const spanId = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .refine((id) => !/^0+$/.test(id));
const span = z.strictObject({
  traceId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .refine((id) => !/^0+$/.test(id)),
  spanId,
  parentSpanId: spanId.optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  events: z.array(z.strictObject({ timeUnixNano: nanos, name: z.string().min(1), attributes })).optional(),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }).optional(),
});
const request = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(span),
        }),
      ),
    }),
  ),
});

const spansOf = (frame: typeof complexFrame) =>
  request
    .parse(JSON.parse(JSON.stringify(otlpTraces(frame))))
    .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
const at = (ms: number) => String(BigInt(ARRIVED) * 1_000_000n + BigInt(ms * 1e6));

describe("a frame's trace as OTLP JSON", () => {
  const spans = spansOf(complexFrame);
  const named = (name: string) => spans.find((one) => one.name === name)!;

  it("is one trace: the stages under the frame, the worker's part under the cloud", () => {
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    assert.equal(new Set(spans.map((one) => one.spanId)).size, spans.length);
    assert.deepEqual(
      spans.map(({ name }) => name),
      ["frame", "admit", "decode", "mainQueue", "main", "cloud", "answer"],
    );
    const frame = named("frame").spanId;
    assert.equal(named("frame").parentSpanId, undefined);
    for (const name of ["admit", "decode", "mainQueue", "main", "cloud"]) {
      assert.equal(named(name).parentSpanId, frame, name);
    }
    assert.equal(named("answer").parentSpanId, named("cloud").spanId);
  });

  it("has times in nanoseconds from the frame's arrival, each stage where it was", () => {
    const times = (name: string) => [named(name).startTimeUnixNano, named(name).endTimeUnixNano];
    assert.deepEqual(times("frame"), [at(0), at(25.5)]);
    assert.deepEqual(times("main"), [at(2.5), at(5)]);
    assert.deepEqual(times("cloud"), [at(5), at(25)]);
    // 8 of 20 ms at the worker: in the middle, and said to be assumed.
    assert.deepEqual(times("answer"), [at(11), at(19)]);
    assert.ok(named("answer").attributes.some(({ key }) => key === "meanet.placement"));
  });

  it("names the nodes as services, and tells verdict, joules and probabilities as attributes", () => {
    const services = otlpTraces(complexFrame).resourceSpans.map(({ resource }) =>
      resource.attributes.map(({ value }) => Object.values(value)[0]),
    );
    assert.deepEqual(services, [
      ["meanet-edge", "lab", "edge-1"],
      ["meanet-worker", "lab", "worker-1"],
    ]);
    const values = Object.fromEntries(named("frame").attributes.map(({ key, value }) => [key, value]));
    assert.deepEqual(values["meanet.label"], { stringValue: "ankle boot" });
    assert.deepEqual(values["meanet.class_index"], { intValue: "9" });
    assert.deepEqual(values["meanet.entropy"], { doubleValue: 0.912 });
    assert.deepEqual(values["meanet.correct"], { boolValue: true });
    assert.deepEqual(values["meanet.energy.uplink_j"], { doubleValue: 0.0079 });
    assert.deepEqual(values["messaging.message.body.size"], { intValue: "3072" });
    assert.deepEqual(
      JSON.parse((values["meanet.top.main"] as { stringValue: string }).stringValue),
      cloudAnswer.top?.main,
    );
    const [event, ...more] = named("frame").events!;
    assert.deepEqual([event?.name, event?.timeUnixNano, more], ["provisional verdict", at(5.25), []]);
  });

  it("has the same ids whenever it is asked for, and others for another device's frame", () => {
    assert.deepEqual(spansOf(complexFrame), spans);
    const other = spansOf({ ...complexFrame, device: "camera-9" });
    assert.notEqual(other[0]?.traceId, spans[0]?.traceId);
  });

  it("is an error for a refusal, and says why", () => {
    const [root, ...others] = spansOf(refusedFrame);
    assert.deepEqual([others, root?.status], [[], { code: 2, message: "undecodable: no JPEG, PNG or WebP" }]);
  });

  it("leaves out what a verdict of before does not tell", () => {
    const bare = {
      ...cloudAnswer,
      frameBytes: null,
      threshold: null,
      stages: null,
      top: null,
      edgeAnswer: null,
    };
    assert.deepEqual(
      spansOf({ ...complexFrame, verdicts: [bare] }).map(({ name }) => name),
      ["frame"],
    );
  });
});
