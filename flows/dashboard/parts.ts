import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PartNode } from "./page.ts";

/** Id of the connection that all delivered flows share. */
export const CONNECTION = "meanet-connection-site";

/** Steps of the flow that are not widgets, wired to the nodes of the page by name. */
type Wires = readonly (readonly string[])[];

/**
 * A page's own widget, from a single-file Vue component below this folder.
 *
 * @param given - what the component has as `given`, where it says `const given = {};`
 */
export function template(
  group: string,
  file: string,
  to: Wires = [[]],
  className = "",
  given: Readonly<Record<string, boolean | string>> = {},
): PartNode {
  const component = readFileSync(join(import.meta.dirname, file), "utf8");
  return {
    type: "ui-template",
    group,
    format: component.replace("const given = {};", `const given = ${JSON.stringify(given)};`),
    ...{ page: "", ui: "", width: 0, height: 0, head: "", storeOutMessages: true, passthru: false },
    ...{ resendOnRefresh: true, templateScope: "local", className, to },
  };
}

/** A function that Node-RED runs with the message, the context of its tab, and the environment; it uses nothing of its module but `parts`. */
type FlowFunction = (...args: never[]) => unknown;

/**
 * A function node that runs one of our functions on each message. Its source goes into the flow, where users may change it;
 * Node has replaced its types by blanks, which are taken out.
 *
 * @param parts - functions that it calls
 */
export function functionNode(run: FlowFunction, to: Wires, parts: readonly FlowFunction[] = []): PartNode {
  const sources = [...parts, run].map((part) =>
    part
      .toString()
      .replace(/(\S) {2,}(?=\S)/g, "$1 ")
      .replace(/ +([),;])/g, "$1")
      .replace(/ +$/gm, "")
      .replace(/\n{2,}/g, "\n"),
  );
  return {
    type: "function",
    func: `${sources.join("\n\n")}\n\nreturn ${run.name}(msg, flow, env);\n`,
    ...{ outputs: to.length, timeout: 0, noerr: 0, initialize: "", finalize: "", libs: [], to },
  };
}

export interface Chart {
  readonly label: string;
  readonly kind: "line" | "bar";
  /** Whether x is a moment, a name or a number. */
  readonly x: "time" | "category" | "linear";
  readonly xKey: string;
  /** One series for each value of this column; or these columns are the series. */
  readonly series: string | readonly string[];
  /** The column of y where `series` is one. */
  readonly yKey?: string;
  readonly xLabel?: string;
  readonly yLabel: string;
  readonly stacked?: boolean;
  /** Names below the bars stand aslant, so that on a phone none is left out. */
  readonly manyNames?: boolean;
  readonly height?: number;
  /** What would be drawn, and why there is nothing: stands above bare axes. */
  readonly empty: string;
}

/** Blue, orange, purple, green, vermilion, sky: told apart by most colour-blind people (Okabe and Ito); patterns beside them. */
const colors = ["#0072b2", "#e69f00", "#a0569a", "#009e73", "#d55e00", "#56b4e9"];

/** A chart that each message draws anew from its payload, an array of objects. */
export function chart(group: string, { label, kind, x, xKey, series, yKey, ...more }: Chart): PartNode {
  const byColumn = typeof series === "string";
  const showLegend = byColumn || series.length > 1;
  return {
    ...{ type: "ui-chart", group, label, chartType: kind, interpolation: "linear" },
    category: byColumn ? series : JSON.stringify(series),
    categoryType: byColumn ? "property" : "json",
    ...{ xAxisLabel: more.xLabel ?? "", xAxisProperty: xKey, xAxisPropertyType: "property", xAxisType: x },
    ...{ xAxisFormat: "", xAxisFormatType: "auto", xmin: "", xmax: "" },
    ...{
      yAxisLabel: more.yLabel,
      yAxisProperty: yKey ?? "",
      yAxisPropertyType: "property",
      ymin: "0",
      ymax: "",
    },
    ...{ bins: 10, action: "replace", stackSeries: more.stacked ?? false },
    ...{ pointShape: "circle", pointRadius: 4, showLegend },
    ...{ removeOlder: 0, removeOlderUnit: "3600", removeOlderPoints: "" },
    // The one grey that can be read on the white and on the black of both themes.
    ...{ colors, textColor: ["#767676"], textColorDefault: false },
    ...{ gridColor: ["#76767655"], gridColorDefault: false },
    // Taken out of the chart where the page is composed.
    [CHART_EMPTY]: more.empty,
    [CHART_OPTIONS]: {
      // A description for screen readers, and patterns for whom colours do not tell apart.
      aria: { enabled: true, decal: { show: true } },
      // Room for the names below the axis, which the widget cuts off.
      grid: { bottom: bottomOf(more), ...(showLegend ? {} : { top: 16 }) },
      xAxis: {
        ...{ splitLine: { show: false }, nameGap: 26 },
        ...(more.manyNames ? { axisLabel: { interval: 0, rotate: 30, hideOverlap: true } } : {}),
      },
      // The widget's own end of the axis may lie close to the label before it.
      yAxis: { axisLabel: { hideOverlap: true } },
    },
    ...{ width: 0, height: more.height ?? 6, className: "", to: [[]] },
  };
}

function bottomOf({ xLabel, manyNames }: Pick<Chart, "xLabel" | "manyNames">): number {
  if (manyNames) return 48;
  return xLabel === undefined ? 24 : 42;
}

/** Names of what a chart is given beside its fields. */
export const CHART_OPTIONS = "chartOptions";
export const CHART_EMPTY = "chartEmpty";

/**
 * Gives a chart its options, once, when flows start. The chart would take them as a field too, but the editor knows no such field, and
 * drops it from every chart with the first deployment of whatever tab.
 */
export function chartOptionsNode(chartName: string, options: unknown): PartNode {
  return {
    ...{
      type: "inject",
      props: [
        { p: "payload" },
        { p: "ui_update", v: JSON.stringify({ [CHART_OPTIONS]: options }), vt: "json" },
      ],
    },
    ...{ repeat: "", crontab: "", once: true, onceDelay: 0.1, topic: "", payload: "[]", payloadType: "json" },
    to: [[chartName]],
  };
}

/** The sentence above a chart that has nothing to draw; comes and goes with what the chart is given. */
export function emptyChart(group: string, text: string): PartNode {
  return template(group, "base/empty.vue", [[]], "meanet-empty", { text });
}

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly align?: "start" | "end";
  /** Whether cells are made by `cell`: they show a text, and are sorted by a number. */
  readonly byNumber?: boolean;
}

/** A table of the payload's objects; on a phone each row is a card. */
export function table(group: string, label: string, columns: readonly Column[]): PartNode {
  return {
    ...{ type: "ui-table", group, label, width: 0, height: 0, maxrows: 0, passthru: false },
    ...{ autocols: false, showSearch: false, deselect: true, selectionType: "none" },
    columns: columns.map(({ key, title, align = "start", byNumber = false }) => ({
      ...{ key: byNumber ? `${key}.text` : key, keyType: "key", title, type: "text", align, width: "" },
    })),
    ...{
      mobileBreakpoint: "xs",
      mobileBreakpointType: "defaults",
      action: "replace",
      className: "",
      to: [[]],
    },
  };
}
