import type { Training } from "@meanet/protocol";
import { attach } from "./attachment.ts";
import type { NodeConstructor, NodeRed } from "./node-red.ts";
import { names } from "./verdict-filter.ts";

export interface TrainingConfig {
  readonly connection: string;
  /** Names of edge nodes with commas between them; empty: all. */
  readonly nodes: string;
  readonly events: string;
}

/** What edge nodes that learn in service tell of it. */
export function trainingNode(RED: NodeRed): NodeConstructor<TrainingConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    let last: { readonly node: string; readonly training: Training } | undefined;
    const attached = attach(RED, this, config.connection, () => {
      if (last === undefined) return { fill: "green", shape: "ring", text: RED._("status.waiting") };
      const { node, training } = last;
      const progress = training.event === "epoch" ? ` ${training.epoch}/${training.epochs}` : "";
      const isBad = ["failed", "refused", "rolled-back"].includes(training.event);
      return {
        fill: isBad ? "red" : "green",
        shape: "dot",
        text: `${node}: ${RED._(`event.${training.event}`)}${progress}`,
      };
    });
    if (attached === undefined) return;
    const [nodes, events] = [names(config.nodes), names(config.events)];
    const { link } = attached;
    attached.subscribe(link.topics.training, { site: link.site }, ({ params: { node }, value, name }) => {
      if (!(nodes?.has(node) ?? true) || !(events?.has(value.event) ?? true)) return;
      last = { node, training: value };
      attached.show();
      this.send({ topic: name, payload: value, node });
    });
  };
}
