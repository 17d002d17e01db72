import { describe } from "node:test";
import { describeConnectionNode } from "./connection-node.suite.ts";
import { describeControlNode } from "./control-node.suite.ts";
import { describeDeviceNode } from "./device-node.suite.ts";
import { describeLabelNode } from "./label-node.suite.ts";
import { describeQueryNode } from "./query-node.suite.ts";
import { describeStatusNode } from "./status-node.suite.ts";
import { describeTrainingNode } from "./training-node.suite.ts";
import { describeVerdictNode } from "./verdict-node.suite.ts";

describe("Node-RED 4", () => {
  describeConnectionNode("4");
  describeControlNode("4");
  describeDeviceNode("4");
  describeLabelNode("4");
  describeQueryNode("4");
  describeStatusNode("4");
  describeTrainingNode("4");
  describeVerdictNode("4");
});
