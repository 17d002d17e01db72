import { asking } from "../asking.ts";
import type { PageDescription } from "../page.ts";
import { CONNECTION, chart, functionNode, table, template } from "../parts.ts";
import { bytesText, cell, joulesText, noRecorderText, shareText } from "../texts.ts";
import { controlFailed, controlState, keepState, whatIfRows, whatIfUrl } from "./shapes.ts";

export const control: PageDescription = {
  name: "control",
  title: "Control",
  icon: "tune",
  info: "Settings of edge nodes while they work, read back from the node; and what other thresholds would have come to.",
  groups: {
    window: { title: "Time", width: 12, showTitle: false },
    settings: { title: "Settings of an edge node", width: 12 },
    quality: { title: "Accuracy over thresholds", width: 6 },
    cost: { title: "Cost over thresholds", width: 6 },
    table: { title: "The same as a table", width: 12 },
  },
  nodes: {
    ...asking("window", [], "control", ["control-state"]),
    "control-state": functionNode(controlState, [["settings"]]),
    settings: template("settings", "control/settings.vue", [["which"]]),
    which: {
      ...{
        type: "switch",
        property: "topic",
        propertyType: "msg",
        checkall: "false",
        repair: false,
        outputs: 2,
      },
      rules: [{ t: "eq", v: "whatif", vt: "str" }, { t: "else" }],
      to: [["what-if-url"], ["control"]],
    },
    control: {
      ...{
        type: "meanet-control",
        connection: CONNECTION,
        edge: "",
        setting: "",
        timeout: "15",
        watch: true,
      },
      to: [["keep-state"], ["keep-state"]],
    },
    "keep-state": functionNode(keepState, [["settings"]]),
    "control-caught": { type: "catch", scope: ["control"], uncaught: false, to: [["control-failed"]] },
    "control-failed": functionNode(controlFailed, [["settings"]]),
    "what-if-url": functionNode(whatIfUrl, [["what-if"], ["shape-what-if"]], [noRecorderText]),
    "what-if": {
      ...{
        type: "http request",
        method: "GET",
        ret: "obj",
        paytoqs: "ignore",
        url: "",
        tls: "",
        persist: false,
      },
      ...{ proxy: "", insecureHTTPParser: false, authType: "", senderr: false, headers: [] },
      to: [["shape-what-if"]],
    },
    "shape-what-if": functionNode(
      whatIfRows,
      [["settings"], ["quality-chart", "cost-chart"], ["what-if-table"]],
      [bytesText, cell, joulesText, shareText],
    ),
    "quality-chart": chart("quality", {
      ...{ label: "", kind: "line", x: "linear", xKey: "threshold", xLabel: "T, nats", yLabel: "share" },
      series: ["accuracy", "share sent"],
      empty:
        "There is no curve: the sentence under Settings says why. Lines would show accuracy and the share sent.",
    }),
    "cost-chart": chart("cost", {
      ...{ label: "", kind: "line", x: "linear", xKey: "threshold", xLabel: "T, nats", yLabel: "mJ a frame" },
      series: ["edge and upload", "cloud"],
      empty:
        "There is no curve: the sentence under Settings says why. Lines would show the millijoules of a frame.",
    }),
    "what-if-table": table("table", "", [
      { key: "t", title: "T, nats", align: "end", byNumber: true },
      { key: "sent", title: "Sent", align: "end", byNumber: true },
      { key: "right", title: "Accuracy", align: "end", byNumber: true },
      { key: "known", title: "Of it recorded", align: "end", byNumber: true },
      { key: "edge", title: "Edge and upload, a frame", align: "end", byNumber: true },
      { key: "bytes", title: "Bytes sent", align: "end", byNumber: true },
    ]),
  },
};
