import assert from "node:assert/strict";
import type { Ended } from "./meanet.ts";

/** What `meanet up --json` prints at the end. */
export interface Summary {
  readonly frames: number;
  readonly verdicts: number;
  readonly refused: number;
  readonly dropped: number;
  readonly accuracy: number;
  readonly exits: Readonly<Record<"main" | "extension" | "cloud", number>>;
  readonly latencyMs: Readonly<Record<"p50" | "p99", number>>;
  readonly energyJ: Readonly<Record<"edge" | "uplink" | "total" | "perFrame", number>>;
  readonly uplinkBytes: number;
  readonly store: {
    readonly file: string;
    readonly rows: number;
    readonly missing: number;
    readonly influx?: { readonly url: string; readonly rows: number; readonly missing: number };
  };
}

/** The last line of standard output. */
export function summaryOf({ stdout }: Ended): Summary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Summary;
}

/** A run that answered and stored every frame, and used main, extension and cloud. */
export function expectWhole(ended: Ended, frames: number): Summary {
  assert.equal(ended.code, 0, ended.stderr);
  const summary = summaryOf(ended);
  assert.equal(summary.frames, frames);
  assert.equal(summary.verdicts + summary.refused, frames);
  assert.equal(summary.dropped, 0);
  assert.equal(summary.store.rows, frames);
  assert.equal(summary.store.missing, 0);
  for (const [exit, count] of Object.entries(summary.exits)) assert.ok(count > 0, `no frame left at ${exit}`);
  return summary;
}
