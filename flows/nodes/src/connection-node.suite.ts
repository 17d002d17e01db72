import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashPassword } from "@meanet/runtime";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";
import { answered } from "./verdict-for-tests.ts";

export function describeConnectionNode(version: NodeRedVersion): void {
  describe("connection node", () => {
    const verdictNode = (id: string, changes: Readonly<Record<string, unknown>> = {}) => ({
      ...{ id, type: "meanet-verdict", connection: "site", wires: [["inbox"]] },
      ...changes,
    });
    const inboxNode = { id: "inbox", type: "helper" };
    const waits = ({ text }: { readonly text?: string }) => text === "status.waiting";

    it("shares one client among its nodes, and keeps one over deployments of all or some of them", async (context) => {
      const broker = await startBroker(context);
      const edge = await connectPeer(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        verdictNode("first"),
        verdictNode("second", { devices: "cam-1" }),
        inboxNode,
      ]);
      await flow.status("second", waits);
      await broker.hasClients(2);

      for (const site of ["lab", "elsewhere", "lab"]) {
        await flow.redeploy([connection(broker.url, { site }), verdictNode("first"), inboxNode], "full");
        await flow.status("first", waits);
        await broker.hasClients(2);
      }
      await flow.redeploy(
        [connection(broker.url), verdictNode("first", { devices: "cam-2" }), inboxNode],
        "nodes",
      );
      await flow.status("first", waits);
      await broker.hasClients(2);

      const inbox = flow.inbox("inbox");
      const heard = answered({ device: "cam-2" });
      await edge.publish(edge.topics.verdict, { site: "lab", device: "cam-2" }, heard);
      const [message] = await inbox.until(1);
      assert.deepEqual(message?.payload, heard);
    });

    it("leaves no client behind", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        verdictNode("first"),
        inboxNode,
      ]);
      await flow.status("first", waits);
      await broker.hasClients(1);
      await flow.redeploy([inboxNode], "full");
      await broker.hasClients(0);
    });

    it("ends its client when the last node that used it is removed, and begins another for the next", async (context) => {
      const broker = await startBroker(context);
      const site = connection(broker.url);
      const flow = await FlowBench.deploy(context, version, [site, verdictNode("first"), inboxNode]);
      await flow.status("first", waits);
      await flow.redeploy([site, inboxNode], "nodes");
      await broker.hasClients(0);
      await flow.redeploy([site, verdictNode("second"), inboxNode], "nodes");
      await flow.status("second", waits);
      await broker.hasClients(1);
    });

    it("comes back with its subscriptions when the broker was away", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        verdictNode("first"),
        inboxNode,
      ]);
      await flow.status("first", waits);
      await broker.stop();
      await flow.status("first", ({ text }) => text?.endsWith("status.connecting") === true);
      const again = await startBroker(context, {}, broker.port);
      await flow.status("first", waits);
      await again.hasClients(1);

      const inbox = flow.inbox("inbox");
      const edge = await connectPeer(context, again.url);
      await edge.publish(edge.topics.verdict, { site: "lab", device: "cam-1" }, answered());
      assert.equal((await inbox.until(1)).length, 1);
    });

    it("is deployed and removed while no broker answers", async (context) => {
      const broker = await startBroker(context);
      await broker.stop();
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        verdictNode("first"),
        inboxNode,
      ]);
      await flow.status("first", ({ text }) => text?.endsWith("status.connecting") === true);
      await flow.redeploy([inboxNode], "full");
    });

    it("logs in with its credentials, and says in its nodes when a subscription is denied", async (context) => {
      const user = {
        name: "flow",
        password: await hashPassword("s3cret"),
        publish: ["#"],
        subscribe: ["meanet/v1/lab/+/status"],
      };
      const broker = await startBroker(context, { authentication: { users: [user] } });
      const flow = await FlowBench.deploy(
        context,
        version,
        [connection(broker.url), verdictNode("first"), inboxNode],
        { site: { user: "flow", password: "s3cret" } },
      );
      const { fill } = await flow.status("first", ({ text }) => text?.endsWith("status.denied") === true);
      assert.equal(fill, "red");
    });

    it("says in its nodes that the broker refuses user or password, and that it lets them in", async (context) => {
      const settings = async (password: string) => ({
        authentication: { users: [{ name: "flow", password: await hashPassword(password) }] },
      });
      const broker = await startBroker(context, await settings("s3cret"));
      const flow = await FlowBench.deploy(
        context,
        version,
        [connection(broker.url), verdictNode("first"), inboxNode],
        { site: { user: "flow", password: "other" } },
      );
      const { fill } = await flow.status("first", ({ text }) => text?.endsWith("status.rejected") === true);
      assert.equal(fill, "red");
      await broker.stop();
      await flow.status("first", ({ text }) => text?.endsWith("status.connecting") === true);
      await startBroker(context, await settings("other"), broker.port);
      await flow.status("first", waits);
    });

    it("gives up a message that the broker ends connections on, and brings through what waits behind it", async (context) => {
      const user = {
        name: "flow",
        password: await hashPassword("s3cret"),
        publish: ["meanet/v1/lab/allowed/#"],
        subscribe: ["#"],
      };
      const broker = await startBroker(context, { authentication: { users: [user] } });
      const deviceNode = (device: string) => ({
        ...{
          id: `node-${device}`,
          type: "meanet-device",
          connection: "site",
          device,
          kind: "auto",
          qos: "1",
        },
        ...{ wait: false, wires: [["inbox"]] },
      });
      const flow = await FlowBench.deploy(
        context,
        version,
        [connection(broker.url), deviceNode("forbidden"), deviceNode("allowed"), inboxNode],
        { site: { user: "flow", password: "s3cret" } },
      );
      await flow.status("node-allowed", ({ text }) => text === "status.ready");
      const [forbidden, allowed] = await Promise.allSettled(
        ["forbidden", "allowed"].map((id) => flow.send(`node-${id}`, { payload: Buffer.of(1), id })),
      );
      assert.equal(allowed?.status, "fulfilled");
      assert.ok(forbidden?.status === "rejected");
      assert.equal((forbidden.reason as { code?: string }).code, "PUBLISH_REFUSED");
      assert.match(String(forbidden.reason), /1 bytes to meanet\/v1\/lab\/forbidden\/frame\/forbidden/);
    });
  });
}
