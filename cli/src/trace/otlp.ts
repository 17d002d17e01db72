/**
 * A frame's way as an OpenTelemetry trace in the JSON form of OTLP: what `POST /v1/traces` of a collector takes.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hex, 64-bit integers as decimal strings, enums as numbers
 */
import { createHash } from "node:crypto";
import { stageSpans } from "@meanet/protocol";
import type { FrameRecord, RecordedAnswer, RecordedVerdict } from "@meanet/recorder";
import packageManifest from "../../package.json" with { type: "json" };

type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean };

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events?: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes: readonly KeyValue[];
  }[];
  readonly status?: { readonly code: number; readonly message?: string };
}

/** `ExportTraceServiceRequest` of OTLP. */
export interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly Span[];
    }[];
  }[];
}

/** Enums of `trace.proto`. */
const KIND = { internal: 1, client: 3, consumer: 5 } as const;
const STATUS_ERROR = 2;

/** The frame as one trace: a span for each edge node that took it, its stages under it, the worker's part under `cloud`. */
export function otlpTraces(frame: FrameRecord): OtlpTraces {
  const byJournal = Map.groupBy(frame.verdicts, ({ edge, journal }) => `${edge}/${journal}`);
  return { resourceSpans: [...byJournal.values()].flatMap((verdicts) => resourceSpansOf(frame, verdicts)) };
}

function resourceSpansOf(
  frame: FrameRecord,
  verdicts: readonly RecordedVerdict[],
): OtlpTraces["resourceSpans"] {
  const last = verdicts.findLast(({ outcome }) => outcome !== "provisional") ?? verdicts.at(-1)!;
  const traceId = hex(32, frame.site, frame.device, frame.id);
  const ids = {
    traceId,
    of: (name: string) => hex(16, traceId, last.edge, last.journal, String(last.seq), name),
  };
  const edge = resource("meanet-edge", last.edge, frame.site, [
    rootSpan(frame, verdicts, last, ids),
    ...(last.outcome === "refused" ? [] : stagesOf(last, ids)),
  ]);
  const work = last.outcome === "refused" ? undefined : workerSpan(last, ids);
  if (work === undefined || last.outcome === "refused" || last.worker === null) return [edge];
  return [edge, resource("meanet-worker", last.worker, frame.site, [work])];
}

interface Ids {
  readonly traceId: string;
  readonly of: (name: string) => string;
}

function rootSpan(
  { id, device, site, truth }: FrameRecord,
  verdicts: readonly RecordedVerdict[],
  last: RecordedVerdict,
  { traceId, of }: Ids,
): Span {
  return {
    traceId,
    spanId: of("frame"),
    name: "frame",
    kind: KIND.consumer,
    ...times(last, 0, last.latencyMs),
    attributes: attributes({
      "messaging.system": "mqtt",
      "messaging.message.id": id,
      "messaging.message.body.size": integer(last.frameBytes),
      "meanet.site": site,
      "meanet.device": device,
      "meanet.qos": integer(last.qos),
      "meanet.journal.seq": integer(last.seq),
      "meanet.truth": truth === null ? null : String(truth),
      ...(last.outcome === "refused" ? { "meanet.refusal.reason": last.reason } : answerAttributes(last)),
    }),
    events: verdicts.flatMap((verdict) =>
      verdict.outcome === "provisional"
        ? [
            {
              timeUnixNano: nanos(verdict.receivedAt, verdict.latencyMs),
              name: "provisional verdict",
              attributes: attributes(verdictAttributes(verdict)),
            },
          ]
        : [],
    ),
    ...(last.outcome === "refused"
      ? { status: { code: STATUS_ERROR, message: `${last.reason}: ${last.detail}` } }
      : {}),
  };
}

function verdictAttributes({ label, classIndex, confidence, exit }: RecordedAnswer) {
  return {
    "meanet.label": label,
    "meanet.class_index": integer(classIndex),
    "meanet.confidence": confidence,
    "meanet.exit": exit,
  };
}

function answerAttributes(verdict: RecordedAnswer) {
  const { energy, edgeAnswer, top } = verdict;
  return {
    ...verdictAttributes(verdict),
    "meanet.correct": verdict.correct,
    "meanet.route": verdict.route,
    "meanet.cloud": verdict.cloud,
    "meanet.entropy": verdict.entropy,
    "meanet.threshold": verdict.threshold,
    "meanet.model": verdict.model,
    "meanet.queue_ms": verdict.queueMs,
    "meanet.compute_ms": verdict.computeMs,
    "meanet.energy.edge_j": energy.edgeJ,
    "meanet.energy.main_j": energy.mainJ,
    "meanet.energy.extension_j": energy.extensionJ,
    "meanet.energy.uplink_j": energy.uplinkJ,
    "meanet.energy.cloud_j": energy.cloudJ,
    "meanet.energy.source": energy.source,
    "meanet.uplink_bytes": integer(verdict.uplinkBytes),
    "meanet.edge_answer.label": edgeAnswer?.label ?? null,
    "meanet.edge_answer.confidence": edgeAnswer?.confidence ?? null,
    "meanet.edge_answer.complete": edgeAnswer?.complete ?? null,
    ...Object.fromEntries(
      (["main", "extension", "cloud"] as const).map((exit) => [
        `meanet.top.${exit}`,
        top?.[exit] === undefined ? null : JSON.stringify(top[exit]),
      ]),
    ),
  };
}

function stagesOf(verdict: RecordedAnswer, { traceId, of }: Ids): Span[] {
  return stageSpans(verdict.stages ?? {}, verdict.latencyMs)
    .filter(({ stage }) => stage !== "rest")
    .map(({ stage, startMs, durationMs }) => ({
      traceId,
      spanId: of(stage),
      parentSpanId: of("frame"),
      name: stage,
      kind: stage === "cloud" ? KIND.client : KIND.internal,
      ...times(verdict, startMs, durationMs),
      attributes: [],
    }));
}

/** Two clocks that nobody compared: what the worker's part leaves of the stage is taken for the ways there and back, half each. */
function workerSpan(verdict: RecordedAnswer, { traceId, of }: Ids): Span | undefined {
  const { stages, latencyMs } = verdict;
  const cloud = stageSpans(stages ?? {}, latencyMs).find(({ stage }) => stage === "cloud");
  const computeMs = stages?.cloudComputeMs;
  if (cloud === undefined || computeMs === undefined) return undefined;
  const waitMs = stages?.cloudQueueMs ?? 0;
  const durationMs = Math.min(cloud.durationMs, waitMs + computeMs);
  return {
    traceId,
    spanId: of("answer"),
    parentSpanId: of("cloud"),
    name: "answer",
    kind: KIND.consumer,
    ...times(verdict, cloud.startMs + (cloud.durationMs - durationMs) / 2, durationMs),
    attributes: attributes({
      "meanet.queue_ms": waitMs,
      "meanet.compute_ms": computeMs,
      "meanet.energy.cloud_j": verdict.energy.cloudJ,
      "meanet.placement": "assumed: ways there and back take as long",
    }),
  };
}

function resource(
  service: string,
  instance: string,
  site: string,
  spans: readonly Span[],
): OtlpTraces["resourceSpans"][number] {
  const { version } = packageManifest;
  return {
    resource: {
      attributes: attributes({
        "service.name": service,
        "service.namespace": site,
        "service.instance.id": instance,
      }),
    },
    scopeSpans: [{ scope: { name: "meanet", version }, spans }],
  };
}

function times({ receivedAt }: RecordedVerdict, startMs: number, durationMs: number) {
  return {
    startTimeUnixNano: nanos(receivedAt, startMs),
    endTimeUnixNano: nanos(receivedAt, startMs + durationMs),
  };
}

function nanos(epochMs: number, offsetMs: number): string {
  return String(BigInt(epochMs) * 1_000_000n + BigInt(Math.round(offsetMs * 1e6)));
}

/** A number that is an integer in OTLP, which sends it as text. */
function integer(value: number | null): AnyValue | null {
  return value === null ? null : { intValue: String(value) };
}

/** What is not known has no attribute. */
function attributes(
  values: Readonly<Record<string, string | number | boolean | AnyValue | null>>,
): KeyValue[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === null ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: string | number | boolean | AnyValue): AnyValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "number":
      return { doubleValue: value };
    case "boolean":
      return { boolValue: value };
    default:
      return value;
  }
}

/** The same for the same names, on every machine. Never all zeros, which OpenTelemetry takes for none. */
function hex(length: number, ...names: readonly string[]): string {
  const digest = createHash("sha256").update(names.join("/")).digest("hex").slice(0, length);
  return /[^0]/.test(digest) ? digest : "1".padStart(length, "0");
}
