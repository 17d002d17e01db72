// What a test over MQTT does with an edge node that learns: look at it, and teach it.
import assert from "node:assert/strict";
import { quadrantFrames } from "@meanet/models/testing";
import type { SettingState, Stats, Training } from "@meanet/protocol";
import type { Onlooker } from "../site-for-tests.ts";

const LENGTH = 64;

/** What the node told of its learning, and the states of its settings. */
export function watch(onlooker: Onlooker, node: string) {
  const steps: Training[] = [];
  const states = new Map<string, SettingState>();
  let stats: Stats | undefined;
  const { session } = onlooker;
  const { topics, site } = session;
  session.subscribe(topics.training, { site, node }, ({ value }) => {
    steps.push(value);
    onlooker.tell();
  });
  session.subscribe(topics.state, { site, edge: node }, ({ params, value }) => {
    states.set(params.setting, value);
    onlooker.tell();
  });
  session.subscribe(topics.stats, { site, node }, ({ value }) => {
    stats = value;
    onlooker.tell();
  });
  return {
    steps,
    states,
    /** Wishes for a setting of the node. */
    wish: (setting: string, value: string) =>
      session.publish(session.topics.set, { site, edge: node, setting }, value),
    stats: () => stats,
    step: async <E extends Training["event"]>(event: E): Promise<Extract<Training, { event: E }>> => {
      const find = () => steps.find((step): step is Extract<Training, { event: E }> => step.event === event);
      await onlooker.until(() => find() !== undefined || (event !== "failed" && failed(steps)));
      return find() ?? assert.fail(JSON.stringify(steps.at(-1)));
    },
  };
}

function failed(steps: readonly Training[]): boolean {
  return steps.some(({ event }) => event === "failed" || event === "refused");
}

/** Sends frames and their labels, the label of every other frame first. */
export async function teach(
  onlooker: Onlooker,
  {
    count,
    seed,
    classOf = (at) => at % 4,
  }: { count: number; seed: number; classOf?: (at: number) => number },
): Promise<void> {
  const { frames } = quadrantFrames(count, seed);
  const { session } = onlooker;
  const { site } = session;
  for (let at = 0; at < count; at++) {
    const id = `${seed}-${at}`;
    const tell = () =>
      session.publish(session.topics.label, { site, device: "cam", id }, { label: classOf(at) });
    if (at % 2 === 0) await tell();
    await onlooker.send("cam", frames.subarray(at * LENGTH, (at + 1) * LENGTH), id);
    if (at % 2 === 1) await tell();
  }
}
