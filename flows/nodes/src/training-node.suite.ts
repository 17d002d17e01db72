import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Training } from "@meanet/protocol";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";

export function describeTrainingNode(version: NodeRedVersion): void {
  describe("training node", () => {
    it("passes on the events asked for, and shows the last", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        {
          ...{ id: "training", type: "meanet-training", connection: "site", wires: [["inbox"]] },
          ...{ nodes: "edge-1", events: "swapped, failed" },
        },
        { id: "inbox", type: "helper" },
      ]);
      const inbox = flow.inbox("inbox");
      await flow.status("training", ({ text }) => text === "status.waiting");
      const common = { at: 1, model: "toy@1.0.0", energyJ: 0, run: 1 };
      const events: Training[] = [
        { ...common, event: "collected", items: { label: 1, cloud: 0 }, fresh: 1 },
        { ...common, event: "swapped", before: "toy@0.9.0" },
        { ...common, event: "failed", reason: "out of memory" },
      ];
      for (const node of ["edge-2", "edge-1"]) {
        for (const event of events) await edge.publish(edge.topics.training, { site: "lab", node }, event);
      }
      const messages = await inbox.until(2);
      assert.deepEqual(
        messages.map(({ node, payload }) => [node, payload]),
        [
          ["edge-1", events[1]],
          ["edge-1", events[2]],
        ],
      );
      await flow.status("training", ({ fill, text }) => fill === "red" && text === "edge-1: event.failed");
    });
  });
}
