import type { DatabaseSync } from "node:sqlite";
import type { EdgeAnswer, Label, TopClasses } from "@meanet/protocol";
import { readDatabase } from "../store/database.ts";
import { fromJson } from "../store/verdict-row.ts";
import type { AnsweredFrame, Judge } from "./frame-ways.ts";
import { sweep, type WhatIfRow } from "./sweep.ts";
import { defaultGrid, type ResolvedWhatIf, resolveWhatIf, type WhatIfOptions } from "./whatif-options.ts";

/** Only the newest so many frames are looked at: a second of work, and a hundred megabytes. */
const MAX_FRAMES = 200_000;
/** Most names and thresholds listed. */
const MAX_LISTED = 20;

/** What other thresholds would have come to. */
export interface WhatIf {
  /** Milliseconds since 1970; `until` does not count. */
  readonly since: number;
  readonly until: number;
  /** Answered frames looked at; `truncated`: the newest of more. */
  readonly frames: number;
  readonly truncated: boolean;
  /** Frames with a label. */
  readonly labelled: number;
  /** Who says what is right: `labels`, or, where there are none, `cloud`: accuracy is then the agreement with its answers. */
  readonly judge: Judge;
  /** The most frequent ones; entropies of different bundles are no scale of one kind. */
  readonly models: readonly { readonly model: string; readonly frames: number }[];
  readonly edges: readonly { readonly edge: string; readonly frames: number }[];
  /** Thresholds that routed these frames, as their verdicts tell. */
  readonly thresholds: readonly { readonly threshold: number; readonly frames: number }[];
  /**
   * The threshold in force: that of the newest frame; or, where none is told, one that explains every route. Null: another policy
   * chose, or several thresholds did.
   */
  readonly inForce: { readonly threshold: number; readonly from: "verdict" | "routes" } | null;
  /** By rising threshold; the one in force is among them. */
  readonly rows: readonly (WhatIfRow & { readonly inForce: boolean })[];
}

/**
 * What other thresholds would have come to, from the verdicts in the recorder's database; no model runs.
 *
 * @param databaseFile - `recorder.sqlite` in the recorder's `state` folder; a recorder may be writing it
 * @throws {MeanetError} QUERY_INVALID, STORE_UNUSABLE
 */
export function runWhatIf(databaseFile: string, options: WhatIfOptions = {}): WhatIf {
  const resolved = resolveWhatIf({ ...options }, Date.now());
  return readDatabase(databaseFile, (database) => whatIf(readFrames(database, resolved), resolved));
}

/** A frame with what is reported about it. */
interface RoutedFrame extends AnsweredFrame {
  readonly edge: string;
  readonly model: string;
  readonly threshold: number | null;
}

/** Newest first. */
function readFrames(database: DatabaseSync, { sinceMs, untilMs, place }: ResolvedWhatIf): RoutedFrame[] {
  const given = Object.entries(place).filter(([, value]) => value !== undefined);
  const rows = database
    .prepare(
      `SELECT entropy, route, exit, label, class_index, truth, threshold, edge, model, edge_answer, top,
         energy_j, extension_j, uplink_j, cloud_j, uplink_bytes, frame_bytes
       FROM verdict WHERE outcome = 'answered' AND at >= ? AND at < ?
       ${given.map(([column]) => `AND ${column} = ?`).join(" ")} ORDER BY at DESC LIMIT ${MAX_FRAMES + 1}`,
    )
    .all(sinceMs, untilMs, ...given.map(([, value]) => value!));
  return rows.map((row): RoutedFrame => {
    const extensionJ = row.extension_j as number | null;
    const extended = row.route === "hard" || row.exit === "extension" || (extensionJ ?? 0) > 0;
    const [edge, model] = [String(row.edge), String(row.model)];
    return {
      edge,
      model,
      threshold: row.threshold as number | null,
      entropy: Number(row.entropy),
      asked: row.route === "complex",
      extended,
      byCloud: row.exit === "cloud",
      label: String(row.label),
      classIndex: Number(row.class_index),
      truth: row.truth as Label["label"] | null,
      edgeAnswer: fromJson<EdgeAnswer>(row.edge_answer),
      mainAnswer: (extended && fromJson<TopClasses>(row.top)?.main?.[0]) || null,
      costOf: `${edge} ${model}`,
      edgeJ: Number(row.energy_j),
      extensionJ,
      uplinkJ: Number(row.uplink_j),
      cloudJ: Number(row.cloud_j),
      uplinkBytes: Number(row.uplink_bytes),
      frameBytes: row.frame_bytes as number | null,
    };
  });
}

function whatIf(read: readonly RoutedFrame[], { sinceMs, untilMs, grid }: ResolvedWhatIf): WhatIf {
  const frames = read.slice(0, MAX_FRAMES);
  const labelled = frames.filter(({ truth }) => truth !== null).length;
  const judge = labelled > 0 ? "labels" : "cloud";
  const inForce = thresholdInForce(frames);
  const thresholds = withInForce(grid ?? defaultGrid(highestEntropy(frames)), inForce?.threshold);
  return {
    since: sinceMs,
    until: untilMs,
    frames: frames.length,
    truncated: read.length > MAX_FRAMES,
    labelled,
    judge,
    models: counted(frames, ({ model }) => model).map(([model, count]) => ({ model, frames: count })),
    edges: counted(frames, ({ edge }) => edge).map(([edge, count]) => ({ edge, frames: count })),
    thresholds: counted(frames, ({ threshold }) => threshold).flatMap(([threshold, count]) =>
      threshold === null ? [] : [{ threshold, frames: count }],
    ),
    inForce,
    rows: sweep(frames, thresholds, judge).map((row) => ({
      ...row,
      inForce: row.threshold === inForce?.threshold,
    })),
  };
}

/** @param frames - newest first */
function thresholdInForce(frames: readonly RoutedFrame[]): WhatIf["inForce"] {
  const newest = frames[0]?.threshold ?? null;
  if (newest !== null) return { threshold: newest, from: "verdict" };
  // Edge nodes that report thresholds leave them out where another policy chose.
  if (frames.some(({ threshold }) => threshold !== null)) return null;
  // Any value from the highest entropy that stayed up to the lowest that was sent explains these routes.
  let [stayed, asked] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const frame of frames) {
    if (frame.asked) asked = Math.min(asked, frame.entropy);
    else stayed = Math.max(stayed, frame.entropy);
  }
  const separates = Number.isFinite(stayed) && Number.isFinite(asked) && stayed < asked;
  return separates ? { threshold: stayed, from: "routes" } : null;
}

function highestEntropy(frames: readonly RoutedFrame[]): number {
  return frames.reduce((highest, { entropy }) => Math.max(highest, entropy), 0);
}

function withInForce(grid: readonly number[], threshold: number | undefined): number[] {
  if (threshold === undefined) return [...grid];
  // A step of the grid that differs only by rounding is the same.
  const others = grid.filter((one) => Math.abs(one - threshold) > 1e-9);
  return [...others, threshold].sort((a, b) => a - b);
}

/** How often each value occurs; the most frequent first. */
function counted<T, K>(items: readonly T[], key: (item: T) => K): [K, number][] {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MAX_LISTED);
}
