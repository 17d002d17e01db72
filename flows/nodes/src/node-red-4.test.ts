import { describe } from "node:test";
import { describeVerdictNode } from "./verdict-node.suite.ts";

describe("Node-RED 4", () => {
  describeVerdictNode("4");
});
