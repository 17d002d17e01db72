import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";
import { answered } from "./verdict-for-tests.ts";

export function describeVerdictNode(version: NodeRedVersion): void {
  describe("verdict node", () => {
    it("passes on what its filter lets through, with a reference to the frame", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        {
          ...{ id: "verdict", type: "meanet-verdict", connection: "site", wires: [["inbox"]] },
          ...{ devices: "cam-1, cam-2", exits: "main", finality: "final", minConfidence: "0.5" },
        },
        { id: "inbox", type: "helper" },
      ]);
      const inbox = flow.inbox("inbox");
      await flow.status("verdict", ({ text }) => text === "status.waiting");
      const verdicts: Verdict[] = [
        answered({ id: "other-device", device: "cam-3" }),
        answered({ id: "other-exit", exit: "cloud" }),
        answered({ id: "not-sure", confidence: 0.4 }),
        answered({ id: "provisional", final: false }),
        answered({ id: "fits", device: "cam-2" }),
      ];
      for (const verdict of verdicts) {
        await edge.publish(edge.topics.verdict, { site: "lab", device: verdict.device }, verdict);
      }
      const [message] = await inbox.until(1);
      assert.equal(inbox.messages.length, 1);
      assert.deepEqual(message?.payload, answered({ id: "fits", device: "cam-2" }));
      assert.deepEqual(message?.meanet, { site: "lab", device: "cam-2", id: "fits", edge: "edge-1" });
      assert.equal(message?.topic, "meanet/v1/lab/cam-2/verdict");
      const { text } = await flow.status("verdict", ({ shape }) => shape === "dot");
      assert.equal(text, "0.1/s · exit.main 100 %");
    });

    it("says that it has no connection, or a filter that does not fit", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url, { site: "Not An Id" }),
        { id: "verdict", type: "meanet-verdict", connection: "site", wires: [[]] },
      ]);
      const { fill, text } = await flow.status("verdict", () => true);
      assert.equal(fill, "red");
      assert.match(text ?? "", /unconfigured/);
    });
  });
}
