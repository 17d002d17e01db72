import { describe } from "node:test";
import { describeVerdictNode } from "./verdict-node.suite.ts";

describe("Node-RED 5", () => {
  describeVerdictNode("5");
});
