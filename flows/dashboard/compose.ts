import type { Delivered, FlowNode } from "../src/delivery/install-flows.ts";
import { BASE, baseNodes, LIGHT_THEME } from "./base/base.ts";
import { control } from "./control/page.ts";
import { frames } from "./frames/page.ts";
import { nodes } from "./nodes/page.ts";
import { overview } from "./overview/page.ts";
import type { PageDescription, PartNode } from "./page.ts";
import { CHART_EMPTY, CHART_OPTIONS, chartOptionsNode, emptyChart } from "./parts.ts";
import { training } from "./training/page.ts";

const pages: readonly PageDescription[] = [overview, nodes, frames, training, control];

/** The dashboard as deliveries: what all pages share, and each page with its tab. The same at every call. */
export function dashboardFlows(): Delivered[] {
  return [
    { name: "dashboard", nodes: baseNodes() },
    ...pages.map((page, index) => ({
      name: `dashboard-${page.name}`,
      nodes: pageNodes(page, index + 1),
    })),
  ];
}

function pageNodes(page: PageDescription, order: number): FlowNode[] {
  const tab = `meanet-tab-dashboard-${page.name}`;
  const pageId = `meanet-dashboard-${page.name}`;
  const id = (name: string) => `${pageId}-${name}`;
  const groupId = (name: string) => id(`group-${name}`);
  const parts = withChartNodes(page.nodes);
  const depths = depthsOf(parts);
  const groups = Object.entries(page.groups).map(([name, group], index) => ({
    id: groupId(name),
    type: "ui-group",
    name: group.title,
    page: pageId,
    ...{ width: group.width, height: 1, order: index + 1, showTitle: group.showTitle ?? true },
    ...{ className: "", visible: true, disabled: false, groupType: "default" },
  }));
  const nodes = Object.entries(parts).map(([name, { to = [], group, scope, ...node }], index) => ({
    ...{ id: id(name), z: tab, name: name.replaceAll("-", " ") },
    ...node,
    ...(group === undefined ? {} : { group: groupId(group), order: index + 1 }),
    ...(scope === undefined ? {} : { scope: (scope as string[]).map(id) }),
    ...{ x: 150 + 230 * depths.get(name)!, y: 60 + 60 * index },
    wires: to.map((targets) => targets.map(id)),
  }));
  return [
    { id: tab, type: "tab", label: `Dashboard: ${page.title}`, disabled: false, info: page.info, env: [] },
    {
      ...{ id: pageId, type: "ui-page", name: page.title, ui: BASE, path: `/${page.name}`, icon: page.icon },
      ...{ layout: "grid", theme: LIGHT_THEME, order, className: "", visible: "true", disabled: "false" },
      breakpoints: [
        { name: "Default", px: "0", cols: "3" },
        { name: "Tablet", px: "576", cols: "6" },
        { name: "Small Desktop", px: "768", cols: "9" },
        { name: "Desktop", px: "1024", cols: "12" },
      ],
    },
    ...groups,
    ...nodes,
  ];
}

/** The same with the options of each chart in a node before it, and with what stands above it while it is empty. */
function withChartNodes(nodes: Readonly<Record<string, PartNode>>): Readonly<Record<string, PartNode>> {
  const isChart = (name: string) => nodes[name]?.[CHART_OPTIONS] !== undefined;
  return Object.fromEntries(
    Object.entries(nodes).flatMap(
      ([name, { [CHART_OPTIONS]: options, [CHART_EMPTY]: empty, to, ...rest }]) => {
        const wires = to?.map((targets) =>
          targets.flatMap((target) => (isChart(target) ? [target, `${target}-empty`] : [target])),
        );
        const node = wires === undefined ? rest : { ...rest, to: wires };
        return isChart(name)
          ? [
              [`${name}-options`, chartOptionsNode(name, options)],
              [`${name}-empty`, emptyChart(String(node.group), String(empty))],
              [name, node],
            ]
          : [[name, node]];
      },
    ),
  );
}

/** How many wires lie before each node, so that the editor shows the flow from left to right; loops count once. */
function depthsOf(nodes: Readonly<Record<string, PartNode>>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const targets = new Set(Object.values(nodes).flatMap(({ to = [] }) => to.flat()));
  const visit = (name: string, depth: number, path: readonly string[]) => {
    if (path.includes(name) || (depths.get(name) ?? -1) >= depth) return;
    depths.set(name, depth);
    for (const next of nodes[name]?.to?.flat() ?? []) visit(next, depth + 1, [...path, name]);
  };
  for (const name of Object.keys(nodes)) if (!targets.has(name)) visit(name, 0, []);
  for (const name of Object.keys(nodes)) visit(name, 0, []);
  return depths;
}
