import { asking } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, chart, functionNode, table } from "../parts.ts";
import { joulesText, shareText } from "../texts.ts";
import { epochPoints, eventRows, keepTraining, storeRows, trialRows } from "./shapes.ts";

export const training: PageDescription = {
  name: "training",
  title: "Training",
  icon: "school",
  info: "What edge nodes that learn in service tell of it, since Node-RED was started.",
  groups: {
    window: { title: "Connections", width: 12, showTitle: false },
    store: { title: "Items collected", width: 6 },
    trials: { title: "Before and after", width: 6 },
    epochs: { title: "Trainings, epoch by epoch", width: 12 },
    events: { title: "Events", width: 12 },
  },
  nodes: {
    ...asking(
      "window",
      [],
      "training",
      ["shape-store", "shape-trials", "shape-epochs", "shape-events"],
      false,
    ),
    training: {
      type: "meanet-training",
      connection: CONNECTION,
      nodes: "",
      events: "",
      to: [["keep-training"]],
    },
    "keep-training": functionNode(keepTraining, [[]]),
    "shape-store": functionNode(storeRows, [["store-table"]]),
    "store-table": table("store", "In the store of each edge node", [
      { key: "node", title: "Edge node" },
      { key: "label", title: "Labelled by people", align: "end" },
      { key: "cloud", title: "Answered by the cloud", align: "end" },
      { key: "fresh", title: "New since a training", align: "end" },
    ]),
    "shape-trials": functionNode(trialRows, [["trials-table"]], [shareText]),
    "trials-table": table("trials", "The extension in force beside the candidate, on the same items", [
      { key: "run", title: "Training" },
      { key: "items", title: "Items" },
      { key: "before", title: "Before", align: "end" },
      { key: "after", title: "After", align: "end" },
      { key: "moved", title: "Won, lost" },
      { key: "verdict", title: "Came of it" },
    ]),
    "shape-epochs": functionNode(epochPoints, [["epochs-chart"]]),
    "epochs-chart": chart("epochs", {
      ...{
        label: "",
        kind: "line",
        x: "category",
        xKey: "epoch",
        series: "series",
        yKey: "value",
        yLabel: "",
      },
    }),
    "shape-events": functionNode(eventRows, [["events-table"]], [joulesText]),
    "events-table": table("events", "Newest first", [
      { key: "time", title: "Time, UTC" },
      { key: "node", title: "Edge node" },
      { key: "run", title: "Training" },
      { key: "event", title: "Event" },
      { key: "detail", title: "What came of it" },
      { key: "energy", title: "Energy", align: "end" },
    ]),
  },
};
