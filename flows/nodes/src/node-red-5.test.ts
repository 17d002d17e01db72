import { describe } from "node:test";
import { describeConnectionNode } from "./connection-node.suite.ts";
import { describeControlNode } from "./control-node.suite.ts";
import { describeDeviceNode } from "./device-node.suite.ts";
import { describeLabelNode } from "./label-node.suite.ts";
import { describeQueryNode } from "./query-node.suite.ts";
import { describeStatusNode } from "./status-node.suite.ts";
import { describeTrainingNode } from "./training-node.suite.ts";
import { describeVerdictNode } from "./verdict-node.suite.ts";

describe("Node-RED 5", () => {
  describeConnectionNode("5");
  describeControlNode("5");
  describeDeviceNode("5");
  describeLabelNode("5");
  describeQueryNode("5");
  describeStatusNode("5");
  describeTrainingNode("5");
  describeVerdictNode("5");
});
