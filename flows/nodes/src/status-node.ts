import type { Status } from "@meanet/protocol";
import { attach } from "./attachment.ts";
import type { NodeConstructor, NodeRed } from "./node-red.ts";
import { names } from "./verdict-filter.ts";

export interface StatusConfig {
  readonly connection: string;
  /** Names with commas between them; empty: all. */
  readonly nodes: string;
  readonly kinds: string;
  readonly states: string;
  /** Sends the stats too, to the second output. */
  readonly stats: boolean;
}

const shown = ["online", "offline", "stopped"] as const;

/** Who of a site is online, offline or stopped. */
export function statusNode(RED: NodeRed): NodeConstructor<StatusConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    const known = new Map<string, Status>();
    const attached = attach(RED, this, config.connection, () => {
      const counts = shown.flatMap((state) => {
        const count = [...known.values()].filter((status) => status.state === state).length;
        return count === 0 ? [] : [{ state, text: `${count} ${RED._(`state.${state}`)}` }];
      });
      if (counts.length === 0) return { fill: "green", shape: "ring", text: RED._("status.waiting") };
      const isWhole = counts.every(({ state }) => state !== "offline");
      return {
        fill: isWhole ? "green" : "red",
        shape: "dot",
        text: counts.map(({ text }) => text).join(" · "),
      };
    });
    if (attached === undefined) return;
    const [nodes, kinds, states] = [names(config.nodes), names(config.kinds), names(config.states)];
    const { link } = attached;
    attached.subscribe(
      link.topics.status,
      { site: link.site },
      ({ params: { node }, value, name, retained }) => {
        if (!(nodes?.has(node) ?? true) || !(kinds?.has(value.kind) ?? true)) return;
        const before = known.get(node);
        known.set(node, value);
        attached.show();
        // The same again, as after an outage of ours, is no news.
        if (before !== undefined && retained && before.state === value.state && before.since === value.since)
          return;
        if (!(states?.has(value.state) ?? true)) return;
        this.send([{ topic: name, payload: value, node }, null]);
      },
    );
    if (!config.stats) return;
    attached.subscribe(link.topics.stats, { site: link.site }, ({ params: { node }, value, name }) => {
      if (!(nodes?.has(node) ?? true) || !(kinds?.has(value.kind) ?? true)) return;
      this.send([null, { topic: name, payload: value, node }]);
    });
  };
}
