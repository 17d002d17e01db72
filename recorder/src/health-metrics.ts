import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type Status, statusSchema } from "@meanet/protocol";
import { exposeDisk, exposeLevel, Gauge, type Registry } from "@meanet/runtime";
import { countIn } from "./store/seq-set.ts";
import type { Store } from "./store/store.ts";

/** Nodes shown one by one; a hostile client could announce any number. */
const MAX_NODES = 1000;

const states = statusSchema.shape.state.options;

/** The last status of each node, for Prometheus: alerts fire on `offline`. */
export class NodeStates {
  readonly #nodes = new Map<
    string,
    Readonly<Record<"site" | "node" | "kind", string>> & Pick<Status, "state">
  >();

  observe(site: string, node: string, { kind, state }: Status): void {
    const key = `${site}/${node}`;
    if (this.#nodes.has(key) || this.#nodes.size < MAX_NODES)
      this.#nodes.set(key, { site, node, kind, state });
  }

  /** A node that is gone for good, and no reason for an alert. */
  forget(site: string, node: string): void {
    this.#nodes.delete(`${site}/${node}`);
  }

  expose(registry: Registry): void {
    const nodes = this.#nodes;
    new Gauge({
      name: "meanet_recorder_node_state",
      help: "1 for the state a node announced last, online, stopped or (by its will) offline; 0 for the others",
      labelNames: ["site", "node", "kind", "state"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { state: current, ...labels } of nodes.values()) {
          for (const state of states) this.set({ ...labels, state }, Number(state === current));
        }
      },
    });
  }
}

export interface StorageSources {
  readonly store: Pick<Store, "journals">;
  readonly databaseFile: string;
  readonly maxBytes: number;
  /** Of the message that has waited longest to be stored; 0 when none waits. */
  readonly waitedMs: () => number;
}

/** How far the recorder lags behind, and how much room it has left. */
export function exposeStorage(
  registry: Registry,
  { store, databaseFile, maxBytes, waitedMs }: StorageSources,
): void {
  const level = (name: string, help: string, read: () => number | undefined) =>
    exposeLevel(registry, { name: `meanet_recorder_${name}`, help }, read);
  level(
    "lag_seconds",
    "how long the message that waits longest has waited to be stored",
    () => waitedMs() / 1000,
  );
  level("missing_verdicts", "rows of journals that are not stored and may still come by replay", () =>
    countIn(store.journals().flatMap(({ holes }) => holes)),
  );
  level("store_bytes", "size of the database on disk, with its log", () =>
    [databaseFile, `${databaseFile}-wal`].reduce((sum, file) => sum + fileBytes(file), 0),
  );
  level("store_limit_bytes", "size beyond which the oldest rows are deleted", () => maxBytes);
  exposeDisk(registry, { prefix: "meanet_recorder", folder: dirname(databaseFile), holds: "database" });
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
