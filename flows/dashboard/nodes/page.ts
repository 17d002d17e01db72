import { asking } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, chart, functionNode, table } from "../parts.ts";
import { bytesText, cell } from "../texts.ts";
import { keepNode, nodeRows } from "./shapes.ts";

export const nodes: PageDescription = {
  name: "nodes",
  title: "Nodes",
  icon: "server-network",
  info: "Every process of the site as it last told of itself, also while the recorder is away; drops come from the recorder.",
  groups: {
    window: { title: "Time", width: 12, showTitle: false },
    nodes: { title: "Nodes of this site", width: 12 },
    memory: { title: "Resident memory", width: 12 },
  },
  nodes: {
    ...asking("window", [{ name: "nodes", query: "nodes" }], "status", ["shape-nodes"]),
    status: {
      ...{ type: "meanet-status", connection: CONNECTION, nodes: "", kinds: "", states: "", stats: true },
      to: [["keep-node"], ["keep-node"]],
    },
    "keep-node": functionNode(keepNode, [[]]),
    "shape-nodes": functionNode(nodeRows, [["nodes-table", "memory-chart"]], [bytesText, cell]),
    "nodes-table": table("nodes", "", [
      { key: "node", title: "Node" },
      { key: "kind", title: "Kind" },
      { key: "state", title: "State" },
      { key: "up", title: "Since its start", byNumber: true },
      { key: "version", title: "Version" },
      { key: "models", title: "Models" },
      { key: "memory", title: "Memory", align: "end", byNumber: true },
      { key: "queues", title: "Waiting now" },
      { key: "drops", title: "Dropped in this time", align: "end" },
    ]),
    "memory-chart": chart("memory", {
      ...{ label: "", kind: "bar", x: "category", xKey: "node", yLabel: "MB", height: 5, manyNames: true },
      series: ["resident memory"],
      empty: "No node has told of itself yet. Bars would show the memory of each.",
    }),
  },
};
