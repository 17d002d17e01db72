import { trainingEvents } from "@meanet/protocol";
import { asking, type Wanted } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, chart, functionNode, table, template } from "../parts.ts";
import { cell, joulesText, shareText } from "../texts.ts";
import { joinHistory, keep, keepTraining, learnerOf, sameStep } from "./history.ts";
import { classRows, epochPoints, eventRows, storeRows, trainingFigures, trialRows } from "./shapes.ts";

/** Of the time before Node-RED was started; what a store holds comes with every item, and only the last of it counts. */
const wanted: readonly Wanted[] = [
  {
    name: "steps",
    path: `/trainings?since=365d&limit=500&events=${trainingEvents.filter((event) => event !== "collected").join(",")}`,
  },
  { name: "stores", path: "/trainings?since=365d&latest=true&events=collected" },
];

export const training: PageDescription = {
  name: "training",
  title: "Training",
  icon: "school",
  info: "What edge nodes that learn in service tell of it, and what the recorder has of the time before Node-RED was started.",
  groups: {
    window: { title: "Connections", width: 12, showTitle: false },
    now: { title: "Learning in service", width: 12 },
    store: { title: "Items collected", width: 12 },
    classes: { title: "Items of each class", width: 12 },
    trials: { title: "Before and after", width: 12 },
    epochs: { title: "Trainings, epoch by epoch", width: 12 },
    events: { title: "Events", width: 12 },
  },
  nodes: {
    ...asking("window", wanted, "training", ["join-history"], "none"),
    training: {
      type: "meanet-training",
      connection: CONNECTION,
      nodes: "",
      events: "",
      to: [["keep-training"]],
    },
    "keep-training": functionNode(keepTraining, [[]], [sameStep, learnerOf, keep]),
    "join-history": functionNode(
      joinHistory,
      [["shape-figures", "shape-store", "shape-classes", "shape-trials", "shape-epochs", "shape-events"]],
      [sameStep, learnerOf, keep],
    ),
    "shape-figures": functionNode(trainingFigures, [["figures"]], [learnerOf, joulesText]),
    figures: template("now", "base/figures.vue"),
    "shape-store": functionNode(storeRows, [["store-table"]], [learnerOf]),
    "store-table": table("store", "In the store of each edge node", [
      { key: "node", title: "Edge node" },
      { key: "label", title: "Labelled by people", align: "end" },
      { key: "cloud", title: "Answered by the cloud", align: "end" },
      { key: "fresh", title: "New since a training", align: "end" },
      { key: "heldOut", title: "Held out", align: "end" },
      { key: "bundle", title: "Bundle" },
    ]),
    "shape-classes": functionNode(classRows, [["classes-table"]]),
    "classes-table": table("classes", "The classes with the fewest items first", [
      { key: "node", title: "Edge node" },
      { key: "class", title: "Class" },
      { key: "label", title: "Labelled by people", align: "end" },
      { key: "cloud", title: "Answered by the cloud", align: "end" },
      { key: "heldOut", title: "Held out", align: "end" },
    ]),
    "shape-trials": functionNode(trialRows, [["trials-table"]], [cell, shareText]),
    "trials-table": table("trials", "The extension in force beside the candidate, on the same items", [
      { key: "run", title: "Training" },
      { key: "items", title: "Items", byNumber: true },
      { key: "before", title: "Before", align: "end", byNumber: true },
      { key: "after", title: "After", align: "end", byNumber: true },
      { key: "moved", title: "Won, lost" },
      { key: "verdict", title: "Came of it" },
    ]),
    "shape-epochs": functionNode(epochPoints, [["epochs-chart"]], [learnerOf]),
    "epochs-chart": chart("epochs", {
      ...{
        label: "",
        kind: "line",
        x: "category",
        xKey: "epoch",
        xLabel: "epoch",
        series: "series",
        yKey: "value",
        yLabel: "",
        empty:
          "No training is known. Lines would show its loss and its accuracy on held-out items, epoch by epoch.",
      },
    }),
    "shape-events": functionNode(eventRows, [["events-table"]], [cell, joulesText]),
    "events-table": table("events", "Newest first", [
      { key: "time", title: "Time, UTC" },
      { key: "node", title: "Edge node" },
      { key: "run", title: "Training" },
      { key: "event", title: "Event" },
      { key: "detail", title: "What came of it" },
      { key: "energy", title: "Energy", align: "end", byNumber: true },
    ]),
  },
};
