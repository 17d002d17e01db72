import type { Forwarder, ForwarderState } from "../influx/forwarder.ts";
import type { Intake } from "../intake.ts";
import { countIn, type SeqRange } from "../store/seq-set.ts";
import type { JournalName, Store } from "../store/store.ts";

/** Answer of `GET /store`. */
export interface StoreState {
  readonly verdicts: number;
  readonly labels: number;
  readonly bytes: number;
  /** Messages that wait to be stored. */
  readonly waiting: number;
  /** Why nothing can be stored at the moment. */
  readonly error: string | null;
  readonly journals: number;
  /** Rows that are missing and may still come. */
  readonly missing: number;
  /** Rows given up. */
  readonly lost: number;
  /** Journals with missing rows, at most 100, each with its ten newest holes. */
  readonly gaps: readonly (JournalName & { readonly holes: readonly SeqRange[] })[];
  readonly influx: (ForwarderState & { readonly server: string }) | null;
}

export interface StoreStateSources {
  readonly store: Store;
  readonly intake: Intake;
  readonly forwarder: Forwarder | undefined;
  readonly influx: string | undefined;
}

export function describeStoreState({ store, intake, forwarder, influx }: StoreStateSources): StoreState {
  const { verdicts, labels, bytes, lost } = store.counts();
  const journals = store.journals();
  const gaps = journals.filter(({ holes }) => holes.length > 0);
  const missing = countIn(gaps.flatMap(({ holes }) => holes));
  const { error } = intake;
  return {
    verdicts,
    labels,
    bytes,
    waiting: intake.waiting,
    error: error?.message ?? null,
    journals: journals.length,
    missing,
    lost,
    gaps: gaps
      .slice(0, 100)
      .map(({ site, edge, journal, holes }) => ({ site, edge, journal, holes: holes.slice(-10) })),
    influx: forwarder && influx ? { server: influx, ...forwarder.state } : null,
  };
}
