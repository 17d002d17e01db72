import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MqttSession } from "@meanet/session";
import { freePort } from "@meanet/session/testing";
import { connection, connectPeer, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";
import { answered } from "./verdict-for-tests.ts";

interface Published {
  readonly topic: "frame" | "window";
  readonly device: string;
  readonly id: string | undefined;
  readonly qos: number;
  readonly bytes: readonly number[];
}

export function describeDeviceNode(version: NodeRedVersion): void {
  describe("device node", () => {
    const deviceNode = (changes: Readonly<Record<string, unknown>> = {}) => ({
      ...{ id: "device", type: "meanet-device", connection: "site", wires: [["inbox"]] },
      ...{ device: "cam-1", kind: "auto", qos: "1", wait: true, timeout: "10" },
      ...changes,
    });
    const inboxNode = { id: "inbox", type: "helper" };

    it("publishes a picture and sends its verdict on", async (context) => {
      const broker = await startBroker(context);
      const published: Published[] = [];
      await connectPeer(context, broker.url, (session) => answerAll(session, published));
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        deviceNode(),
        inboxNode,
      ]);
      const inbox = flow.inbox("inbox");
      await flow.send("device", { payload: Buffer.of(1, 2, 3), id: "frame-7" });
      const [message] = await inbox.until(1);
      assert.deepEqual(message?.payload, answered({ id: "frame-7" }));
      assert.deepEqual(message?.meanet, { site: "lab", device: "cam-1", id: "frame-7" });
      assert.ok(Number(message?.latencyMs) > 0);
      assert.deepEqual(published, [
        { topic: "frame", device: "cam-1", id: "frame-7", qos: 1, bytes: [1, 2, 3] },
      ]);
    });

    it("publishes numbers as a sensor window, with an id of its own and the device of the message", async (context) => {
      const broker = await startBroker(context);
      const published: Published[] = [];
      await connectPeer(context, broker.url, (session) => answerAll(session, published));
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        deviceNode({ device: "" }),
        inboxNode,
      ]);
      const inbox = flow.inbox("inbox");
      await flow.send("device", { payload: [[1], [-2.5]], device: "imu-1" });
      await flow.send("device", { payload: Float32Array.of(1, -2.5), device: "imu-2" });
      const messages = await inbox.until(2);
      const floats = [0, 0, 128, 63, 0, 0, 32, 192];
      assert.deepEqual(
        published.map(({ topic, device, bytes }) => ({ topic, device, bytes })),
        [
          { topic: "window", device: "imu-1", bytes: floats },
          { topic: "window", device: "imu-2", bytes: floats },
        ],
      );
      assert.deepEqual(
        messages.map(({ meanet }) => (meanet as { id: string }).id),
        published.map(({ id }) => id),
      );
    });

    it("sends the message on at once when it need not wait", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        deviceNode({ wait: false }),
        inboxNode,
      ]);
      const inbox = flow.inbox("inbox");
      await flow.send("device", { payload: Buffer.of(1), id: "frame-1" });
      const [message] = await inbox.until(1);
      assert.deepEqual(message?.meanet, { site: "lab", device: "cam-1", id: "frame-1" });
      assert.deepEqual(message?.payload, Buffer.of(1));
    });

    it("names what is wrong: no verdict in time, a payload or an id that does not fit, no connection", async (context) => {
      const broker = await startBroker(context);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        deviceNode({ timeout: "0.05" }),
        deviceNode({ id: "nowhere", connection: "" }),
        deviceNode({ id: "nobody", device: "" }),
      ]);
      await flow.status("device", ({ text }) => text === "status.ready");
      const frame = Buffer.of(1);
      await assert.rejects(flow.send("device", { payload: frame }), { code: "VERDICT_TIMEOUT" });
      await assert.rejects(flow.send("device", { payload: "text" }), { code: "PAYLOAD_INVALID" });
      await assert.rejects(flow.send("device", { payload: frame, id: "a/b" }), { code: "TOPIC_INVALID" });
      await assert.rejects(flow.send("nowhere", { payload: frame }), { code: "CONFIG_INVALID" });
      await assert.rejects(flow.send("nobody", { payload: frame }), { message: /no device is named/ });
      await assert.rejects(flow.send("nobody", { payload: frame, device: "Cam 1" }), {
        message: /"Cam 1" must be/,
      });
    });

    it("lets only so many messages wait, for their verdict or for the broker, and refuses the next by name", async (context) => {
      const broker = await startBroker(context);
      const [awaiting, unconnected] = [
        deviceNode({ limit: "2", timeout: "60" }),
        deviceNode({ limit: "1", timeout: "0.5" }),
      ];
      const nobody = await freePort();
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        connection(`mqtt://127.0.0.1:${nobody}`, { id: "away" }),
        awaiting,
        { ...unconnected, id: "unconnected", connection: "away" },
        inboxNode,
      ]);
      await flow.status("device", ({ text }) => text === "status.ready");
      const frame = (id: string) => ({ payload: Buffer.of(1), id });
      const waiting = ["frame-1", "frame-2"].map((id) => flow.send("device", frame(id)));
      await assert.rejects(flow.send("device", frame("frame-3")), { code: "VERDICT_BACKLOG" });
      const full = await flow.status("device", ({ text }) => text?.endsWith("status.full") === true);
      assert.equal(full.fill, "yellow");
      const first = flow.send("unconnected", frame("frame-1"));
      await assert.rejects(flow.send("unconnected", frame("frame-2")), { code: "VERDICT_BACKLOG" });
      await assert.rejects(first, { code: "BROKER_UNREACHABLE" });

      // With the answers there is room again.
      await broker.stop();
      const again = await startBroker(context, {}, broker.port);
      await connectPeer(context, again.url, (session) => answerAll(session, []), "edge-1");
      await Promise.all(waiting);
      await flow.send("device", frame("frame-4"));
    });

    it("asks again for a verdict that was lost with the broker", async (context) => {
      const broker = await startBroker(context);
      const first = Promise.withResolvers<void>();
      await connectPeer(context, broker.url, (session) => {
        session.subscribe(session.topics.frame, { site: "lab" }, () => first.resolve());
      });
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url),
        deviceNode(),
        inboxNode,
      ]);
      const inbox = flow.inbox("inbox");
      const sent = flow.send("device", { payload: Buffer.of(1), id: "frame-1" });
      await first.promise;
      await broker.stop();
      const again = await startBroker(context, {}, broker.port);
      await connectPeer(context, again.url, (session) => answerAll(session, []), "edge-2");
      await sent;
      const [message] = await inbox.until(1);
      assert.deepEqual(message?.payload, answered());
    });
  });
}

/** Does what an edge node does with frames and windows, and keeps what came. */
function answerAll(session: MqttSession, published: Published[]): void {
  for (const topic of ["frame", "window"] as const) {
    session.subscribe(session.topics[topic], { site: "lab" }, ({ params: { device, id }, payload, qos }) => {
      published.push({ topic, device, id, qos, bytes: [...payload] });
      const verdict = answered({ device, ...(id === undefined ? {} : { id }) });
      for (const final of [false, true]) {
        void session.publish(session.topics.verdict, { site: "lab", device }, { ...verdict, final });
      }
    });
  }
}
