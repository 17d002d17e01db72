import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Delivered, type FlowNode, installFlows } from "./install-flows.ts";

const tab = { id: "meanet-tab-overview", type: "tab", label: "Overview" };
const verdict = { id: "meanet-overview-verdict", type: "meanet-verdict", z: tab.id, name: "v1", wires: [[]] };
const connection = { id: "meanet-site", type: "meanet-connection", url: "mqtt://b" };
const first: Delivered = { name: "overview", nodes: [tab, verdict] };
const second: Delivered = { name: "overview", nodes: [tab, { ...verdict, name: "v2" }] };
const shared: Delivered = { name: "connection", nodes: [connection] };
const own: FlowNode[] = [
  { id: "a1", type: "tab", label: "mine" },
  { id: "a2", type: "inject", z: "a1", wires: [["a3"]] },
];

/** `overview` installed beside the user's own. */
const before = installFlows(own, [first], {});

describe("delivered flows", () => {
  it("are put behind the user's own, which stay as they are", () => {
    const { flows, report } = installFlows(own, [shared, first], {});
    assert.deepEqual(flows, [...own, connection, tab, verdict]);
    assert.deepEqual(report, { connection: "installed", overview: "installed" });
  });

  it("are not touched when they are there already: the same array comes back", () => {
    const again = installFlows(before.flows, [first], before.installed);
    assert.equal(again.flows, before.flows);
    assert.deepEqual(again.installed, before.installed);
    assert.deepEqual(again.report, { overview: "current" });
  });

  it("count as untouched when the editor has written nodes and keys in another order", () => {
    const rewritten = before.flows
      .map((node) => Object.fromEntries(Object.entries(node).reverse()) as unknown as FlowNode)
      .reverse();
    const { report } = installFlows(rewritten, [first], before.installed);
    assert.deepEqual(report, { overview: "current" });
  });

  it("give way to a new version while nobody has changed them", () => {
    const { flows, report } = installFlows(before.flows, [second], before.installed);
    assert.deepEqual(flows, [...own, ...second.nodes]);
    assert.deepEqual(report, { overview: "upgraded" });
  });

  it("lose nodes that a new version no longer has", () => {
    const { flows } = installFlows(before.flows, [{ name: "overview", nodes: [tab] }], before.installed);
    assert.deepEqual(flows, [...own, tab]);
  });

  const changes: Record<string, (flows: readonly FlowNode[]) => FlowNode[]> = {
    "a setting": (flows) => flows.map((node) => (node.id === verdict.id ? { ...node, name: "mine" } : node)),
    "a node more on the tab": (flows) => [...flows, { id: "b1", type: "debug", z: tab.id }],
    "a node fewer": (flows) => flows.filter(({ id }) => id !== verdict.id),
    "the name of the tab": (flows) =>
      flows.map((node) => (node.id === tab.id ? { ...node, label: "x" } : node)),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`are the user's once changed: ${name}`, () => {
      const changed = change(before.flows);
      const same = installFlows(changed, [first], before.installed);
      assert.equal(same.flows, changed);
      assert.deepEqual(same.report, { overview: "changed" });
      const newer = installFlows(changed, [second], before.installed);
      assert.equal(newer.flows, changed);
      assert.deepEqual(newer.report, { overview: "outdated" });
    });
  }

  it("are current again once the user has imported the new version", () => {
    const changed = changes["a setting"]!(before.flows);
    const { installed } = installFlows(changed, [second], before.installed);
    const imported = installFlows([...own, ...second.nodes], [second], installed);
    assert.deepEqual(imported.report, { overview: "current" });
    const third: Delivered = { name: "overview", nodes: [tab, { ...verdict, name: "v3" }] };
    assert.deepEqual(installFlows(imported.flows, [third], imported.installed).report, {
      overview: "upgraded",
    });
  });

  it("stay away once deleted, whatever version comes", () => {
    const deleted = installFlows(own, [first], before.installed);
    assert.equal(deleted.flows, own);
    assert.deepEqual(deleted.report, { overview: "deleted" });
    const { flows, report } = installFlows(own, [second], deleted.installed);
    assert.equal(flows, own);
    assert.deepEqual(report, { overview: "deleted" });
  });

  it("are deleted with their tab, though configurations of it remain", () => {
    const group = { id: "meanet-overview-group", type: "ui-group" };
    const delivered = { name: "overview", nodes: [...first.nodes, group] };
    const { installed } = installFlows(own, [delivered], {});
    const left = [...own, group];
    assert.deepEqual(installFlows(left, [delivered], installed).report, { overview: "deleted" });
  });

  it("are not installed over foreign nodes of the same ids", () => {
    const foreign = [...own, { ...verdict, z: "a1", name: "copied" }];
    const { flows, report, installed } = installFlows(foreign, [first], {});
    assert.equal(flows, foreign);
    assert.deepEqual(report, { overview: "taken" });
    assert.deepEqual(installed, {});
    const added: Delivered = {
      name: "overview",
      nodes: [...first.nodes, { id: "a2", type: "debug", z: tab.id }],
    };
    assert.deepEqual(installFlows(before.flows, [added], before.installed).report, { overview: "taken" });
  });

  it("are known again when what was installed was not noted down", () => {
    const { flows, report, installed } = installFlows(before.flows, [first], {});
    assert.equal(flows, before.flows);
    assert.deepEqual(report, { overview: "current" });
    assert.deepEqual(installed, before.installed);
  });

  it("stay when a version no longer delivers them", () => {
    const { flows, installed } = installFlows(before.flows, [], before.installed);
    assert.equal(flows, before.flows);
    assert.deepEqual(installed, before.installed);
  });
});
