import { asking, type Wanted } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, chart, functionNode, table, template } from "../parts.ts";
import { bytesText, cell, joulesText, millisecondsText, shareText } from "../texts.ts";
import { countOnline, dropRows, energyRows, figures, latencyRows, overTime } from "./shapes.ts";

const wanted: readonly Wanted[] = [
  { name: "throughput", query: "throughput" },
  { name: "exits", query: "exits" },
  { name: "exits over time", query: "exits", overTime: true },
  { name: "latency", query: "latency" },
  { name: "latency by exit", query: "latency", by: "exit" },
  { name: "energy", query: "energy" },
  { name: "accuracy", query: "accuracy" },
  { name: "accuracy by exit", query: "accuracy", by: "exit" },
  { name: "uplink", query: "uplink" },
  { name: "disagreement", query: "disagreement" },
  { name: "savings", query: "savings" },
  { name: "drops", query: "drops" },
];

const panels = ["shape-figures", "shape-exits", "shape-latency", "shape-energy", "shape-drops"];

export const overview: PageDescription = {
  name: "overview",
  title: "Overview",
  icon: "view-dashboard",
  info: "What the site does now: frames, exits, latency, joules, bytes, accuracy, losses. The recorder is asked while somebody looks.",
  groups: {
    window: { title: "Time", width: 12, showTitle: false },
    now: { title: "In this time", width: 12 },
    exits: { title: "Answers over time, by exit", width: 6 },
    latency: { title: "Latency and accuracy by exit", width: 6 },
    energy: { title: "Joules and bytes, as done and otherwise", width: 6 },
    drops: { title: "Drops and refusals, by reason", width: 6 },
  },
  nodes: {
    ...asking("window", wanted, "nodes", panels, "year"),
    nodes: {
      ...{ type: "meanet-status", connection: CONNECTION, nodes: "", kinds: "", states: "", stats: false },
      to: [["count-online"], []],
    },
    "count-online": functionNode(countOnline, [[]]),
    "shape-figures": functionNode(
      figures,
      [["figures"]],
      [...[joulesText, bytesText, shareText, millisecondsText]],
    ),
    figures: template("now", "base/figures.vue"),
    "shape-exits": functionNode(overTime, [["exits-chart"]]),
    "exits-chart": chart("exits", {
      ...{
        label: "",
        kind: "bar",
        x: "time",
        xKey: "time",
        series: "exit",
        yKey: "frames",
        yLabel: "frames",
      },
      stacked: true,
      empty: "No answer of this time is known. Bars would show how many, by exit.",
      // As high as the chart and the table beside it.
      height: 9,
    }),
    "shape-latency": functionNode(
      latencyRows,
      [["latency-chart", "latency-table"]],
      [cell, millisecondsText, shareText],
    ),
    "latency-chart": chart("latency", {
      ...{ label: "", kind: "bar", x: "category", xKey: "exit", yLabel: "ms", height: 5 },
      series: ["p50", "p95", "p99"],
      empty: "No answer of this time is known. Bars would show how long answers took, by exit.",
    }),
    "latency-table": table("latency", "From a frame's arrival to its answer", [
      { key: "exit", title: "Exit" },
      { key: "frames", title: "Frames", align: "end" },
      { key: "p50Text", title: "p50", align: "end", byNumber: true },
      { key: "p95Text", title: "p95", align: "end", byNumber: true },
      { key: "p99Text", title: "p99", align: "end", byNumber: true },
      { key: "accuracy", title: "Accuracy", align: "end", byNumber: true },
    ]),
    "shape-energy": functionNode(
      energyRows,
      [["energy-chart", "energy-table"]],
      [cell, joulesText, bytesText],
    ),
    "energy-chart": chart("energy", {
      ...{ label: "", kind: "bar", x: "category", xKey: "way", yLabel: "J", height: 5, stacked: true },
      series: ["edge and upload", "cloud"],
      empty: "No answer of this time is known. Bars would show the joules of the answers, and of other ways.",
    }),
    "energy-table": table("energy", "The same frames as done, by the edge alone, and by the cloud alone", [
      { key: "way", title: "Way" },
      { key: "edgeText", title: "Edge and upload", align: "end", byNumber: true },
      { key: "cloudText", title: "Cloud", align: "end", byNumber: true },
      { key: "total", title: "Total", align: "end", byNumber: true },
      { key: "perFrame", title: "Each frame", align: "end", byNumber: true },
      { key: "bytes", title: "Bytes sent", align: "end", byNumber: true },
    ]),
    "shape-drops": functionNode(dropRows, [["drops-table"]]),
    "drops-table": table("drops", "Frames without an answer", [
      { key: "source", title: "Counted by" },
      { key: "reason", title: "Reason" },
      { key: "frames", title: "Frames", align: "end" },
    ]),
  },
};
