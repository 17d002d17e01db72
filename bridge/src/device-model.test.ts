import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { age, emptyModel, type Message, type Model, reduce } from "./device-model.ts";
import { answerOf, energyOf, refusalOf, statsOf, statusOf } from "./payloads-for-tests.ts";

const limits = { nodes: 2, devices: 2 };
const ages = { silentMs: 100, forgetMs: 1000 };

function after(messages: readonly Message[], at = 1, from: Model = emptyModel): Model {
  return messages.reduce((model, message) => reduce(model, message, at, limits), from);
}

const online: Message = { source: "status", id: "edge-1", payload: statusOf() };
const setting = (source: "threshold" | "policy", value: string | number): Message => ({
  source,
  id: "edge-1",
  payload: { value, at: 1, error: null },
});

describe("the device model", () => {
  it("holds what the messages of a node tell", () => {
    const model = after([
      online,
      { source: "stats", id: "edge-1", payload: statsOf() },
      { source: "energy", id: "edge-1", payload: energyOf() },
      setting("threshold", 0.8),
    ]);
    const edge = model.devices.get("node/edge-1")!;
    assert.deepEqual([edge.available, edge.structure.kind, edge.structure.version], [true, "edge", "1.2.3"]);
    const { values } = edge;
    assert.equal(values.get("frames"), 100);
    assert.equal(values.get("drops"), 3);
    assert.equal(values.get("energy-compute"), 1.25);
    assert.equal(values.get("threshold"), 0.8);
    assert.deepEqual([...values.keys()].sort(), edge.structure.properties.map(({ id }) => id).sort());
  });

  it("tells a node from a device of the same name", () => {
    const model = after([online, { source: "verdict", id: "edge-1", payload: answerOf() }]);
    assert.deepEqual([...model.devices.keys()], ["node/edge-1", "device/edge-1"]);
  });

  it("keeps the figures of the last answer when a frame is refused, and says that it was", () => {
    const model = after([
      { source: "verdict", id: "cam-1", payload: answerOf() },
      { source: "verdict", id: "cam-1", payload: refusalOf() },
    ]);
    const { values } = model.devices.get("device/cam-1")!;
    assert.deepEqual(
      ["label", "refused", "exit", "confidence"].map((id) => values.get(id)),
      ["refused", true, "none", 0.875],
    );
  });

  it("changes the structure of a device only when something of it is new", () => {
    const first = after([online, setting("policy", "random:0.25")]);
    const second = after([online, setting("policy", "random:0.25")], 2, first);
    const structure = (model: Model) => model.devices.get("node/edge-1")?.structure;
    assert.equal(structure(second), structure(first));
    assert.notEqual(structure(after([setting("policy", "random:0.5")], 3, second)), structure(second));
  });

  it("lets a select stand at a word that is not its own", () => {
    const options = (model: Model) =>
      model.devices.get("node/edge-1")?.structure.properties.find(({ id }) => id === "policy")?.options;
    const random = after([setting("policy", "random:0.25")]);
    assert.deepEqual(options(random), ["meanet", "edge-only", "cloud-only", "random:0.25"]);
    const back = after([setting("policy", "meanet")], 2, random);
    assert.deepEqual(options(back), ["meanet", "edge-only", "cloud-only"]);
  });

  it("takes a threshold away while no bundle has one", () => {
    const ids = (model: Model) => model.devices.get("node/edge-1")?.structure.properties.map(({ id }) => id);
    const model = after([setting("threshold", 0.8)]);
    assert.deepEqual(ids(model), ["threshold"]);
    assert.deepEqual(ids(after([setting("threshold", "bundle")], 2, model)), []);
  });

  it("takes no more nodes and devices than its limits, and counts what it drops", () => {
    const verdicts = Array.from({ length: 100 }, (_, index): Message => {
      return { source: "verdict", id: `cam-${index}`, payload: answerOf() };
    });
    const model = after([...verdicts, online]);
    assert.equal(model.devices.size, 3);
    assert.equal(model.dropped, 98);
    const nodes = Array.from({ length: 3 }, (_, index): Message => ({ ...online, id: `edge-${index}` }));
    assert.equal(after(nodes, 2, model).dropped, 99);
  });

  it("takes a device for away when it is silent, and forgets it in time", () => {
    const model = after([online, { source: "verdict", id: "cam-1", payload: answerOf() }], 1);
    assert.equal(age(model, 100, ages), model);
    const silent = age(model, 101, ages);
    assert.equal(silent.devices.get("device/cam-1")?.available, false);
    assert.equal(silent.devices.get("node/edge-1")?.available, true);
    assert.deepEqual([...age(silent, 1001, ages).devices.keys()], ["node/edge-1"]);
  });

  it("forgets a node some time after it went, however often its retained messages come again", () => {
    const model = after([online], 1);
    const gone = after([{ ...online, payload: statusOf({ state: "offline" }) }], 500, model);
    const again = after([{ source: "stats", id: "edge-1", payload: statsOf() }], 1400, gone);
    assert.equal(age(again, 1499, ages).devices.size, 1);
    assert.equal(age(again, 1500, ages).devices.size, 0);
  });
});
