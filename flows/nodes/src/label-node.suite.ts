import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";
import { answered } from "./verdict-for-tests.ts";

export function describeLabelNode(version: NodeRedVersion): void {
  describe("label node", () => {
    it("tells the class of the frame that a message is about, in each way that a message can say it", async (context) => {
      const broker = await startBroker(context);
      const told: unknown[] = [];
      const all = Promise.withResolvers<void>();
      await connectPeer(context, broker.url, (session) => {
        session.subscribe(session.topics.label, { site: "lab" }, ({ params: { device, id }, value }) => {
          told.push([device, id, value.label]);
          if (told.length === 4) all.resolve();
        });
      });
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        { id: "label", type: "meanet-label", connection: "site", label: "", wires: [["inbox"]] },
        { id: "boots", type: "meanet-label", connection: "site", label: "Boot", wires: [["inbox"]] },
        { id: "inbox", type: "helper" },
      ]);
      const inbox = flow.inbox("inbox");
      await flow.send("label", { payload: "Coat", meanet: { device: "cam-1", id: "frame-1" } });
      await flow.send("label", { payload: answered({ id: "frame-2" }), label: 4 });
      await flow.send("label", { payload: 5, device: "cam-2", id: "frame-3" });
      await flow.send("boots", { payload: answered({ id: "frame-4" }) });
      const messages = await inbox.until(4);
      assert.deepEqual(messages[3]?.meanet, { site: "lab", device: "cam-1", id: "frame-4" });
      // Acknowledged is not yet delivered.
      await all.promise;
      assert.deepEqual(told, [
        ["cam-1", "frame-1", "Coat"],
        ["cam-1", "frame-2", 4],
        ["cam-2", "frame-3", 5],
        ["cam-1", "frame-4", "Boot"],
      ]);
      await flow.status("label", ({ shape }) => shape === "dot");
    });

    it("refuses a message without a class or without a frame", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        { id: "label", type: "meanet-label", connection: "site", label: "", wires: [[]] },
      ]);
      const meanet = { device: "cam-1", id: "frame-1" };
      for (const message of [
        { payload: { no: "class" }, meanet },
        { payload: -1, meanet },
        { payload: "Coat" },
      ]) {
        await assert.rejects(flow.send("label", message), { code: "PAYLOAD_INVALID" });
      }
    });
  });
}
