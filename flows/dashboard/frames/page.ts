import { asking } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, functionNode, table, template } from "../parts.ts";
import { cell, shareText } from "../texts.ts";
import { labelFailed, labelled, recent } from "./shapes.ts";

export const frames: PageDescription = {
  name: "frames",
  title: "Frames",
  icon: "image-multiple",
  info: "The last pictures, one frame's whole way, and its true class. Pictures go from the recorder to the browser, never through this flow.",
  groups: {
    window: { title: "Connections", width: 12, showTitle: false },
    wall: { title: "Pictures, and one frame's way", width: 12 },
    recent: { title: "Last final verdicts", width: 12 },
  },
  nodes: {
    ...asking("window", [], "verdict", [], "none"),
    wall: template("wall", "frames/wall.vue", [["label"]]),
    label: { type: "meanet-label", connection: CONNECTION, label: "", to: [["labelled"]] },
    labelled: functionNode(labelled, [["wall"]]),
    "label-caught": { type: "catch", scope: ["label"], uncaught: false, to: [["label-failed"]] },
    "label-failed": functionNode(labelFailed, [["wall"]]),
    verdict: {
      ...{ type: "meanet-verdict", connection: CONNECTION, devices: "", outcome: "", finality: "final" },
      ...{ labels: "", exits: "", routes: "", minConfidence: "", maxConfidence: "" },
      ...{ minEntropy: "", maxEntropy: "", to: [["recent"]] },
    },
    recent: functionNode(recent, [["once-a-second"]], [cell, shareText]),
    "once-a-second": {
      ...{ type: "delay", pauseType: "rate", timeout: "5", timeoutUnits: "seconds", rate: "1" },
      ...{ nbRateUnits: "1", rateUnits: "second", randomFirst: "1", randomLast: "5" },
      ...{ randomUnits: "seconds", drop: true, allowrate: false, outputs: 1, to: [["recent-table"]] },
    },
    "recent-table": table("recent", "", [
      { key: "time", title: "Time, UTC" },
      { key: "device", title: "Device" },
      { key: "id", title: "Frame" },
      { key: "answer", title: "Answer" },
      { key: "exit", title: "Exit" },
      { key: "confidence", title: "Confidence", align: "end", byNumber: true },
      { key: "latency", title: "ms", align: "end" },
    ]),
  },
};
