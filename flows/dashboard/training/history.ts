import type { Training } from "@meanet/protocol";
import type { Seen } from "../asking.ts";

// Functions of this file run in Node-RED, each with the parts that its node is given: nothing else of this module is there.

export interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

export interface Told {
  readonly node: string;
  readonly training: Training;
}

export interface Stored extends Told {
  readonly training: Training & { event: "collected" };
}

/** The same step in both ways that it may come: live, or from the recorder. */
export function sameStep({ node, training }: Told): string {
  const epoch = training.event === "epoch" ? training.epoch : 0;
  return [node, training.at, training.event, training.run, epoch].join(" ");
}

/** An edge node learns for each of its bundles apart; a bundle keeps its name when what it learned changes its version. */
export function learnerOf({ node, training }: Told): string {
  return `${node} ${training.model.replace(/@.*/, "")}`;
}

/** Adds steps to those that are kept: of the store's contents the last of each learner, of all else many, the newest first. */
export function keep(told: readonly Told[], flow: Context): void {
  const stores = { ...((flow.get("stores") ?? {}) as Record<string, Told>) };
  for (const one of told) {
    if (one.training.event !== "collected") continue;
    const known = stores[learnerOf(one)];
    if (known === undefined || known.training.at <= one.training.at) stores[learnerOf(one)] = one;
  }
  const events = new Map<string, Told>();
  for (const one of [...told, ...((flow.get("events") ?? []) as Told[])]) {
    if (one.training.event !== "collected" && !events.has(sameStep(one))) events.set(sameStep(one), one);
  }
  flow.set("stores", stores);
  flow.set("events", [...events.values()].sort((a, b) => b.training.at - a.training.at).slice(0, 500));
}

/** Keeps what an edge node has just told. */
export function keepTraining({ node, payload }: { node: string; payload: Training }, flow: Context): null {
  keep([{ node, training: payload }], flow);
  return null;
}

/** Joins what the recorder has, also of the time before Node-RED was started, with what was told since. */
export function joinHistory(msg: { payload: Seen }, flow: Context): object {
  const { steps = [], stores = [] } = msg.payload.lists as Record<
    string,
    { edge: string; training: Training }[]
  >;
  keep(
    [...steps, ...stores].map(({ edge, training }) => ({ node: edge, training })),
    flow,
  );
  return msg;
}
