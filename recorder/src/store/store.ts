import type { Label, NodeEnergy, Stats, Status, Training, Verdict } from "@meanet/protocol";
import type { Tier } from "../rollups/tiers.ts";
import type { SeqRange } from "./seq-set.ts";

/** One message worth recording, with the topic levels that its payload lacks. */
export type Observation =
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  | {
      readonly kind: "label";
      readonly site: string;
      readonly device: string;
      readonly id: string;
      readonly label: Label["label"];
    }
  | { readonly kind: "energy"; readonly site: string; readonly node: string; readonly energy: NodeEnergy }
  | { readonly kind: "training"; readonly site: string; readonly node: string; readonly training: Training }
  | { readonly kind: "stats"; readonly site: string; readonly node: string; readonly stats: Stats }
  | { readonly kind: "status"; readonly site: string; readonly node: string; readonly status: Status };

export interface JournalName {
  readonly site: string;
  readonly edge: string;
  readonly journal: string;
}

/** What the store has of one journal of one edge. */
export interface JournalState extends JournalName {
  /** Highest row stored or heard of. */
  readonly lastSeq: number;
  /** Rows that are missing and may still come, in rising order. */
  readonly holes: readonly SeqRange[];
  /** Rows given up. */
  readonly lost: number;
}

export interface Written {
  readonly verdicts: number;
  /** Verdicts that were stored before, or given up. */
  readonly duplicates: number;
  readonly labels: number;
  /** Verdicts of journals beyond the number that is tracked. */
  readonly refused: number;
  /** Journals that got a row or were heard of. */
  readonly journals: readonly JournalName[];
}

export type MeasurementTable = "verdict" | "energy" | "node" | "status" | "drop_count" | "training";
export type Value = string | number | null;
/** A row of any table, by column. */
export type Row = Readonly<Record<string, Value>>;

/** A row that a forwarder has not sent, or that has changed since. */
export interface Change {
  /** Position in the order of changes; never given twice. */
  readonly change: number;
  readonly table: MeasurementTable;
  readonly row: Row;
}

export interface RetentionLimits {
  /** Rows recorded before this moment go, milliseconds since 1970. */
  readonly before: number;
  /** Rolled-up intervals that began before this moment go; without it they stay as long as there is room. */
  readonly rollups?: Readonly<Record<Tier, number>>;
  readonly maxBytes: number;
}

export interface Pruned {
  readonly rows: number;
  /** Of these, rows that the forwarder had not sent. */
  readonly unforwarded: number;
}

export interface StoreCounts {
  readonly verdicts: number;
  readonly labels: number;
  readonly lost: number;
  readonly bytes: number;
}

/**
 * Where the recorder keeps what it hears. Calls are synchronous and atomic: when `write` returns, the batch is stored, each row of a
 * journal exactly once; when it throws, none of it is.
 */
export interface Store {
  /** The newest change: a forwarder whose cursor stands here has everything. */
  readonly lastChange: number;
  /** @throws {MeanetError} STORE_FAILED when the same batch may be stored later; other errors blame its rows */
  write(batch: readonly Observation[]): Written;

  journals(): JournalState[];
  journal(name: JournalName): JournalState | undefined;
  /** Counts the missing rows of `range` as lost: they are not asked for again. @returns how many */
  giveUp(name: JournalName, range: SeqRange): number;

  /** The oldest changes after `change`, in order, at most `limit`. */
  changesAfter(change: number, limit: number): Change[];
  /** What the forwarder of this name has sent; 0 in the beginning. */
  cursor(forwarder: string): number;
  setCursor(forwarder: string, change: number): void;
  /** Values of a tag that are written as they are, in the order they came. */
  tagValues(tag: string): string[];
  addTagValues(tag: string, values: readonly string[]): void;

  /**
   * Deletes some of the oldest rows beyond the limits; call again until it deletes none. Deleted rows stay counted in the roll-ups, which
   * have limits of their own.
   */
  prune(limits: RetentionLimits, forwarder?: string): Pruned;
  counts(): StoreCounts;
  close(): void;
}
