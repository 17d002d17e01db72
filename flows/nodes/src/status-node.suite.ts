import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Stats, Status } from "@meanet/protocol";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";

export function describeStatusNode(version: NodeRedVersion): void {
  describe("status node", () => {
    it("tells of nodes that were there before it, of those that come and go, and once each", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        {
          ...{ id: "status", type: "meanet-status", connection: "site", wires: [["states"], ["stats"]] },
          ...{ nodes: "", kinds: "edge", states: "", stats: true },
        },
        { id: "states", type: "helper" },
        { id: "stats", type: "helper" },
      ]);
      const [states, stats] = [flow.inbox("states"), flow.inbox("stats")];
      await states.until(1);
      const told: Stats = { kind: "edge", at: 1, uptimeS: 1, counters: { frames: 3 }, drops: {}, queues: {} };
      await edge.publish(edge.topics.stats, { site: "lab", node: "edge-1" }, told);
      const [figures] = await stats.until(1);
      assert.equal(figures?.node, "edge-1");
      assert.deepEqual(figures?.payload, told);

      const other = await connectPeer(context, broker.url, undefined, "edge-2");
      await states.until(2);
      assert.equal((await flow.status("status", ({ text }) => text === "2 state.online")).fill, "green");
      await other.close();
      const messages = await states.until(3);
      assert.deepEqual(
        messages.map(({ node, payload }) => [node, (payload as Status).state]),
        [
          ["edge-1", "online"],
          ["edge-2", "online"],
          ["edge-2", "stopped"],
        ],
      );
      await flow.status("status", ({ text }) => text === "1 state.online · 1 state.stopped");
    });
  });
}
