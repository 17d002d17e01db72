import { type Exit, exits } from "@meanet/protocol";
import { attach } from "./attachment.ts";
import { LiveStatus } from "./live-status.ts";
import type { NodeConstructor, NodeRed, NodeStatus } from "./node-red.ts";
import { Pace } from "./pace.ts";
import { type VerdictFilterConfig, verdictFilter } from "./verdict-filter.ts";

export interface VerdictConfig extends VerdictFilterConfig {
  readonly connection: string;
}

/** Verdicts of a site into a flow, those that pass a filter. */
export function verdictNode(RED: NodeRed): NodeConstructor<VerdictConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    const pace = new Pace<Exit | "refused">(() => performance.now());
    let passes: ReturnType<typeof verdictFilter>;
    try {
      passes = verdictFilter(config);
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: "red", shape: "ring", text: RED._("status.invalid") });
      return;
    }
    const attached = attach(RED, this, config.connection, () => paceStatus(RED, pace));
    if (attached === undefined) return;
    const live = new LiveStatus(
      () => attached.show(),
      () => pace.total === 0,
    );
    attached.atEnd(() => live.stop());
    const { link } = attached;
    attached.subscribe(link.topics.verdict, { site: link.site }, ({ value, name }) => {
      if (!passes(value)) return;
      pace.add(value.outcome === "refused" ? "refused" : value.exit);
      live.touch();
      const { site, device, id, edge } = value;
      this.send({ topic: name, payload: value, meanet: { site, device, id, edge } });
    });
  };
}

/** `2.4/s · main 60 % · cloud 40 %` of the last ten seconds. */
function paceStatus(RED: NodeRed, pace: Pace<Exit | "refused">): NodeStatus {
  const { counts, total } = pace;
  if (total === 0) return { fill: "green", shape: "ring", text: RED._("status.waiting") };
  const shares = [...exits, "refused" as const].flatMap((kind) => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [`${RED._(`exit.${kind}`)} ${Math.round((100 * count) / total)} %`];
  });
  return { fill: "green", shape: "dot", text: [`${pace.perSecond.toFixed(1)}/s`, ...shares].join(" · ") };
}
