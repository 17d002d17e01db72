import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MqttSession } from "@meanet/session";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";

export function describeControlNode(version: NodeRedVersion): void {
  describe("control node", () => {
    const controlNode = (changes: Readonly<Record<string, unknown>> = {}) => ({
      ...{ id: "control", type: "meanet-control", connection: "site", wires: [["applied"], ["refused"]] },
      ...{ edge: "edge-1", setting: "threshold", timeout: "10", watch: false },
      ...changes,
    });
    const inboxes = [
      { id: "applied", type: "helper" },
      { id: "refused", type: "helper" },
    ];

    it("sends what an edge node made of a wish to the output that fits, and reads what is in force", async (context) => {
      const broker = await startBroker(context);
      await connectPeer(context, broker.url, keepThreshold);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        controlNode(),
        ...inboxes,
      ]);
      const [applied, refused] = [flow.inbox("applied"), flow.inbox("refused")];
      await flow.send("control", { payload: 0.8 });
      const [changed] = await applied.until(1);
      assert.deepEqual(
        [changed?.payload, changed?.edge, changed?.setting, changed?.state],
        [0.8, "edge-1", "threshold", { value: 0.8, at: 1, error: null }],
      );
      await flow.send("control", { payload: "high" });
      const [reason] = await refused.until(1);
      assert.deepEqual(
        [reason?.payload, reason?.state],
        ["no number", { value: 0.8, at: 1, error: "no number" }],
      );
      assert.equal(
        (await flow.status("control", ({ fill }) => fill === "red")).text,
        "threshold 0.8 · status.refused",
      );
      await flow.send("control", { payload: 0.5 });
      await flow.send("control", {});
      const messages = await applied.until(3);
      assert.deepEqual([messages[2]?.payload, messages.length, refused.messages.length], [0.5, 3, 1]);
    });

    it("tells what others change when it watches", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const publish = (value: number) =>
        edge.publish(
          edge.topics.state,
          { site: "lab", edge: "edge-1", setting: "threshold" },
          { value, at: 1, error: null },
        );
      await publish(0.2);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        controlNode({ edge: "", setting: "", watch: true }),
        ...inboxes,
      ]);
      const applied = flow.inbox("applied");
      await flow.status("control", ({ text }) => text === "threshold 0.2");
      await publish(0.3);
      const messages = await applied.until(2);
      assert.deepEqual(
        messages.map(({ payload }) => payload),
        [0.2, 0.3],
      );
    });

    it("accepts or dismisses what is proposed, and tells why an edge node does neither", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const { topics } = edge;
      let value = "shirt, coat; proposed: shirt, bag";
      edge.subscribe(topics.set, { site: "lab", edge: "edge-1" }, ({ params: { setting }, value: wish }) => {
        const fits = wish === "dismiss" && value.includes("proposed");
        if (fits) value = "shirt, coat; dismissed: bag";
        const state = { value, at: 1, error: fits ? null : "hard-classes: nothing is proposed" };
        void edge.publish(topics.state, { site: "lab", edge: "edge-1", setting }, state);
      });
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        controlNode({ setting: "hard-classes" }),
        ...inboxes,
      ]);
      await flow.send("control", { payload: "dismiss" });
      const [dismissed] = await flow.inbox("applied").until(1);
      assert.deepEqual(
        [dismissed?.payload, dismissed?.setting],
        ["shirt, coat; dismissed: bag", "hard-classes"],
      );
      await flow.send("control", { payload: "accept" });
      const [refused] = await flow.inbox("refused").until(1);
      assert.equal(refused?.payload, "hard-classes: nothing is proposed");
    });

    it("names an edge node that says nothing, an unknown setting and a payload that is no value", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        controlNode({ setting: "", timeout: "0.05" }),
        controlNode({ id: "nobody", edge: "" }),
      ]);
      await flow.status("control", ({ text }) => text === "status.ready");
      const setting = "threshold";
      await assert.rejects(flow.send("control", { payload: 1, setting }), { code: "SETTING_TIMEOUT" });
      await assert.rejects(flow.send("control", { setting }), { code: "SETTING_TIMEOUT" });
      await assert.rejects(flow.send("control", { payload: 1, topic: "treshold" }), {
        code: "SETTING_INVALID",
      });
      await assert.rejects(flow.send("control", { payload: {}, setting }), { code: "PAYLOAD_INVALID" });
      await assert.rejects(flow.send("control", { payload: 1 }), { message: /no setting is named/ });
      await assert.rejects(flow.send("nobody", { payload: 1, setting }), {
        message: /no edge node is named/,
      });
    });
  });
}

/** Does what an edge node does with wishes for its threshold. */
function keepThreshold(session: MqttSession): void {
  let value = 1;
  session.subscribe(
    session.topics.set,
    { site: "lab", edge: "edge-1" },
    ({ params: { setting }, value: wish }) => {
      const fits = typeof wish === "number";
      if (fits) value = wish;
      const state = { value, at: 1, error: fits ? null : "no number" };
      void session.publish(session.topics.state, { site: "lab", edge: "edge-1", setting }, state);
    },
  );
}
