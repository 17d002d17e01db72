import type { Rows, Seen } from "../asking.ts";
import { bytesText, cell, joulesText, millisecondsText, shareText } from "../texts.ts";

// Functions of this file run in Node-RED, each with the texts that its node is given: nothing else of this module is there.

export interface Figure {
  readonly key: string;
  readonly label: string;
  /** As it came, for machines; null: there is none in this time. */
  readonly value: number | null;
  readonly text: string;
  readonly note: string;
}

interface SeenMessage {
  readonly payload: Seen;
}

/** The main figures of the time shown. */
export function figures(
  msg: SeenMessage,
  flow: { get(key: string): unknown },
): { payload: { figures: Figure[]; empty: string | null } } {
  const { answers } = msg.payload;
  const first = (name: string): Rows => answers[name]?.[0] || {};
  const number = (name: string, column: string): number | null => {
    const value = first(name)[column];
    return typeof value === "number" ? value : null;
  };
  const sum = (name: string, column: string): number | null => {
    const rows = answers[name];
    if (rows === undefined || rows.some((row) => row[column] === null)) return null;
    return rows.reduce((total, row) => total + Number(row[column]), 0);
  };
  const frames = number("throughput", "frames");
  const cloud = (answers.exits || []).find(({ exit }) => exit === "cloud");
  const edgeShare = frames === null ? null : 1 - Number(cloud?.share || 0);
  const [bytes, cloudOnlyBytes] = [number("uplink", "bytes"), sum("savings", "cloudOnlyBytes")];
  const saved = bytes === null || cloudOnlyBytes === null || frames === null ? null : cloudOnlyBytes - bytes;
  const dropped =
    answers.drops === undefined ? null : answers.drops.filter(({ source }) => source !== "refused");
  const refused =
    answers.drops === undefined ? null : answers.drops.filter(({ source }) => source === "refused");
  const total = (rows: readonly Rows[] | null) =>
    rows === null ? null : rows.reduce((count, row) => count + Number(row.frames), 0);
  const nodes = (flow.get("nodes") || {}) as Record<string, string>;
  const states = Object.keys(nodes).map((node) => nodes[node]);
  const online = states.filter((state) => state === "online").length;
  const rate = number("throughput", "framesPerS");
  const [p50, p99] = [number("latency", "p50Ms"), number("latency", "p99Ms")];
  const accuracy = number("accuracy", "accuracy");
  const compared = number("disagreement", "compared");
  const none = "–";
  const unknown = frames === null && msg.payload.recorder !== null;
  const empty = frames !== null || unknown ? null : "No frame was answered in this time.";
  const list: Figure[] = [
    {
      ...{ key: "rate", label: "Frames answered", value: frames },
      text: rate === null ? none : `${rate.toFixed(rate < 10 ? 1 : 0)} /s`,
      note: unknown
        ? "not known"
        : frames === null
          ? "none in this time"
          : `on average; ${frames} in this time`,
    },
    {
      ...{ key: "edge-share", label: "Answered at the edge", value: edgeShare, text: shareText(edgeShare) },
      note: "by main or extension; the rest by the cloud",
    },
    {
      ...{ key: "latency", label: "Latency, p99", value: p99 },
      text: millisecondsText(p99),
      note: p50 === null ? "no answers" : `half of them within ${millisecondsText(p50)}`,
    },
    {
      ...{ key: "energy", label: "Energy of a frame", value: number("energy", "edgeJPerFrame") },
      text: joulesText(number("energy", "edgeJPerFrame")),
      note: "compute at the edge, and upload",
    },
    {
      ...{ key: "bytes-saved", label: "Bytes saved", value: saved, text: bytesText(saved) },
      note: `beside cloud-only; ${bytesText(bytes)} sent`,
    },
    {
      ...{ key: "accuracy", label: "Accuracy", value: accuracy, text: shareText(accuracy) },
      note:
        accuracy === null ? "no labels in this time" : `of ${number("accuracy", "labelled")} labelled frames`,
    },
    {
      ...{ key: "disagreement", label: "Edge and cloud disagree", value: number("disagreement", "share") },
      text: shareText(number("disagreement", "share")),
      note: compared === null ? "nothing to compare" : `of ${compared} answers of the cloud`,
    },
    {
      ...{ key: "refused", label: "Refused", value: total(refused), text: String(total(refused) ?? none) },
      note: `frames with a recorded refusal; ${total(dropped) ?? none} counted as dropped by nodes`,
    },
    {
      ...{ key: "nodes", label: "Nodes online", value: online, text: `${online} of ${states.length}` },
      note:
        states.length === 0
          ? "none heard of yet"
          : msg.payload.broker === "connected"
            ? "of those that the broker knows"
            : "as the broker said last",
    },
  ];
  return { ...msg, payload: { figures: list, empty } };
}

/** Keeps the state of each node of the site. */
export function countOnline(
  msg: { node: string; payload: { state: string } },
  flow: { get(key: string): unknown; set(key: string, value: unknown): void },
): null {
  const nodes = (flow.get("nodes") || {}) as Record<string, string>;
  flow.set("nodes", { ...nodes, [msg.node]: msg.payload.state });
  return null;
}

/** Frames of each exit in each interval; nought where an exit had none, so that bars stand on each other. */
export function overTime(msg: SeenMessage): { payload: object[] } {
  const rows = msg.payload.answers["exits over time"] || [];
  const times = [...new Set(rows.map(({ time }) => time))];
  const found = new Map(rows.map((row) => [`${row.time} ${row.exit}`, Number(row.frames)]));
  const points = times.flatMap((time) =>
    ["main", "extension", "cloud"].map((exit) => ({
      ...{ time, exit, frames: found.get(`${time} ${exit}`) || 0 },
    })),
  );
  return { ...msg, payload: points };
}

export function latencyRows(msg: SeenMessage): { payload: object[] } {
  const { answers } = msg.payload;
  const accuracy = new Map(
    (answers["accuracy by exit"] || []).map((row) => [row.exit, Number(row.accuracy)]),
  );
  const order = ["main", "extension", "cloud"];
  const rows = (answers["latency by exit"] || []).map((row) => ({
    ...{ exit: String(row.exit), frames: row.frames },
    ...{ p50: row.p50Ms, p95: row.p95Ms, p99: row.p99Ms },
    ...cell("p50Text", row.p50Ms, millisecondsText(row.p50Ms)),
    ...cell("p95Text", row.p95Ms, millisecondsText(row.p95Ms)),
    ...cell("p99Text", row.p99Ms, millisecondsText(row.p99Ms)),
    ...cell("accuracy", accuracy.get(row.exit), shareText(accuracy.get(row.exit))),
  }));
  rows.sort((a, b) => order.indexOf(a.exit) - order.indexOf(b.exit));
  return { ...msg, payload: rows };
}

/** What was done, beside the two other ways on the same frames; of all models together. */
export function energyRows(msg: SeenMessage): { payload: object[] } {
  const rows = msg.payload.answers.savings || [];
  const sum = (column: string): number | null =>
    rows.some((row) => row[column] === null || row[column] === undefined)
      ? null
      : rows.reduce((total, row) => total + Number(row[column]), 0);
  const frames = sum("frames") || 0;
  const way = (name: string, edgeJ: number | null, cloudJ: number | null, bytes: number | null) => {
    const totalJ = edgeJ === null || cloudJ === null ? null : edgeJ + cloudJ;
    const perFrameJ = totalJ === null ? null : totalJ / frames;
    return {
      ...{ way: name, "edge and upload": edgeJ, cloud: cloudJ },
      ...cell("edgeText", edgeJ, joulesText(edgeJ)),
      ...cell("cloudText", cloudJ, joulesText(cloudJ)),
      ...cell("total", totalJ, joulesText(totalJ)),
      ...cell("perFrame", perFrameJ, joulesText(perFrameJ)),
      ...cell("bytes", bytes, bytesText(bytes)),
    };
  };
  const ways = [
    way("as done", sum("edgeJ"), sum("cloudJ"), sum("bytes")),
    way("edge-only", sum("edgeOnlyJ"), 0, 0),
    way("cloud-only", sum("cloudOnlyEdgeJ"), sum("cloudOnlyCloudJ"), sum("cloudOnlyBytes")),
  ];
  return { ...msg, payload: rows.length === 0 ? [] : ways };
}

export function dropRows(msg: SeenMessage): { payload: object[] } {
  const rows = (msg.payload.answers.drops || []).filter(({ frames }) => Number(frames) > 0);
  return { ...msg, payload: [...rows] };
}
