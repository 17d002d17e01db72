import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type Mosquitto, openWire, startMosquitto } from "@meanet/session/testing";
import { emptyModel, type Message, type Model, reduce } from "./device-model.ts";
import { answerOf, energyOf, statsOf, statusOf } from "./payloads-for-tests.ts";
import { openSite } from "./site-for-tests.ts";
import { birthMessages, changeMessages, type SparkplugState } from "./sparkplug.ts";
import { decodeCommand } from "./sparkplug-payload.ts";
import { decodeSparkplug, encodeCommand, SparkplugHost } from "./testing/index.ts";

const options = { group: "lab", node: "bridge", version: "1.0.0" };
const limits = { nodes: 10, devices: 10 };
const at = 1_700_000_000_000;
const after_ = (messages: readonly Message[], from: Model = emptyModel) =>
  messages.reduce((model, message) => reduce(model, message, 1, limits), from);
const online: Message = { source: "status", id: "edge-1", payload: statusOf() };
const everything = after_([
  online,
  { source: "energy", id: "edge-1", payload: energyOf() },
  { source: "threshold", id: "edge-1", payload: { value: 0.8, at: 1, error: null } },
  { source: "train", id: "edge-1", payload: { value: "idle", at: 1, error: null } },
  { source: "verdict", id: "cam-1", payload: answerOf() },
]);

/** Topics without their beginning, with seq. */
function told(messages: readonly { readonly topic: string; readonly payload: Uint8Array }[]): string[] {
  return messages.map(
    ({ topic, payload }) => `${topic.slice("spBv1.0/lab/".length)} ${decodeSparkplug(payload).seq}`,
  );
}

describe("messages of Sparkplug B", () => {
  it("are the births of the edge node and of every device that is there, in a row of numbers", () => {
    const gone: Message = { source: "status", id: "edge-2", payload: statusOf({ state: "offline" }) };
    const { state, messages } = birthMessages(258, after_([gone], everything), options, at);
    assert.deepEqual(told(messages), [
      "NBIRTH/bridge 0",
      "DBIRTH/bridge/node:edge-1 1",
      "DBIRTH/bridge/device:cam-1 2",
    ]);
    assert.deepEqual([state.bdSeq, state.seq], [2, 3]);
  });

  it("are of what has changed, by alias", () => {
    const { state } = birthMessages(0, everything, options, at);
    const next = after_(
      [{ source: "verdict", id: "cam-1", payload: answerOf({ label: "boot", confidence: 0.5 }) }],
      everything,
    );
    const { messages } = changeMessages(state, next, options, at);
    assert.deepEqual(told(messages), ["DDATA/bridge/device:cam-1 3"]);
    const { metrics } = decodeSparkplug(messages[0]!.payload);
    assert.deepEqual(
      metrics.map(({ name, alias, value }) => [name, Number(alias), value.value]),
      [
        ["", state.aliases.get("device/cam-1 label"), "boot"],
        ["", state.aliases.get("device/cam-1 confidence"), 0.5],
      ],
    );
  });

  it("are a death when a device goes, and another birth when it comes back or has other metrics", () => {
    let step: { state: SparkplugState; messages: readonly { topic: string; payload: Uint8Array }[] } =
      birthMessages(0, everything, options, at);
    const gone = after_([{ ...online, payload: statusOf({ state: "stopped" }) } as Message], everything);
    step = changeMessages(step.state, gone, options, at);
    assert.deepEqual(told(step.messages), ["DDEATH/bridge/node:edge-1 3"]);
    const back = after_([online], gone);
    step = changeMessages(step.state, back, options, at);
    assert.deepEqual(told(step.messages), ["DBIRTH/bridge/node:edge-1 4"]);
    const more = after_([{ source: "stats", id: "edge-1", payload: statsOf() }], back);
    assert.deepEqual(told(changeMessages(step.state, more, options, at).messages), [
      "DBIRTH/bridge/node:edge-1 5",
    ]);
  });

  it("count from 255 on with 0", () => {
    const { state } = birthMessages(0, everything, options, at);
    const next = after_(
      [{ source: "verdict", id: "cam-1", payload: answerOf({ label: "boot" }) }],
      everything,
    );
    const step = changeMessages({ ...state, seq: 255 }, next, options, at);
    assert.equal(step.state.seq, 0);
  });

  it("are read as a command, or refused by name", () => {
    const payload = encodeCommand([
      { name: "threshold", value: 0.5 },
      { alias: 3, value: true },
    ]);
    assert.deepEqual(decodeCommand(payload), [
      { name: "threshold", alias: undefined, value: 0.5 },
      { name: undefined, alias: 3, value: true },
    ]);
    const hostile = [
      Buffer.alloc(70_000),
      Buffer.from("ffffffffffffffffffff", "hex"),
      payload.subarray(0, payload.length - 3),
      Buffer.concat(Array.from({ length: 300 }, () => payload)),
    ];
    for (const bytes of hostile) {
      assert.throws(
        () => decodeCommand(bytes),
        (error) => isMeanetError(error, "PAYLOAD_INVALID"),
      );
    }
  });
});

describe("a bridge for Sparkplug B", () => {
  let mosquitto: Mosquitto;
  before(async () => {
    mosquitto = await startMosquitto();
  });
  after(() => mosquitto.stop());

  it("is born, told, lost, born again and gone as the specification says", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const { site, session, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const own = session();
    const host = new SparkplugHost(own, site, `${site}-bridge`);
    await own.connect();
    const bridge = await startBridge({
      conventions: ["sparkplug"],
      mqtt: { url: wire.url, reconnectInterval: "20ms" },
    });
    await sayVerdict(own, "cam-1", answerOf());
    const camera = "device:cam-1";
    await host.until(() => host.metrics.get(camera)?.get("label") === "sandal");
    await sayVerdict(own, "cam-1", answerOf({ label: "boot", latencyMs: 99 }));
    await host.until(() => host.metrics.get(camera)?.get("label") === "boot");
    assert.equal(host.metrics.get(camera)?.get("latency"), 99);
    assert.equal(host.units.get(`${camera} latency`), "ms");
    assert.equal(host.bdSeq, 0);

    wire.cut();
    await host.until(() => !host.online);
    wire.mend();
    await host.until(() => host.metrics.get(camera)?.get("label") === "boot");
    assert.equal(host.bdSeq, 1);

    const births = () => host.log.filter((line) => line.startsWith("NBIRTH")).length;
    const before_ = births();
    await host.command(undefined, encodeCommand([{ name: "Node Control/Rebirth", value: true }]));
    await host.until(() => births() === before_ + 1 && host.metrics.has(camera));
    assert.equal(host.bdSeq, 1);

    await bridge.stop();
    await host.until(() => !host.online);
    assert.deepEqual(host.breaches, []);
  });

  it("passes on what a host writes, by alias and by name, and nothing that a metric does not take", async (context) => {
    const { site, session, startBridge, openEdge } = openSite(context, mosquitto.url);
    const wishes = await openEdge({ threshold: 0.8, train: "idle" });
    const own = session();
    const host = new SparkplugHost(own, site, `${site}-bridge`);
    await own.connect();
    await startBridge({ conventions: ["sparkplug"] });
    const device = "node:edge-1";
    await host.until(() => ["threshold", "train"].every((name) => host.metrics.get(device)?.has(name)));
    const alias = host.alias(device, "threshold")!;
    await host.command(device, Buffer.from("no protobuf"));
    await host.command(device, encodeCommand([{ alias, value: -1 }]));
    await host.command(device, encodeCommand([{ name: "state", value: "offline" }]));
    await host.command(device, encodeCommand([{ alias: 4711, value: 1 }]));
    await host.command(
      device,
      encodeCommand([
        { alias, value: 0.25 },
        { name: "train", value: true },
      ]),
    );
    assert.deepEqual(await wishes(2), [
      ["threshold", 0.25],
      ["train", "now"],
    ]);
    assert.deepEqual(host.breaches, []);
  });
});
