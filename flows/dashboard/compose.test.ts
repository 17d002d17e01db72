import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Script } from "node:vm";
import { dashboardFlows } from "./compose.ts";

const deliveries = dashboardFlows();
const nodes = deliveries.flatMap((delivery) => delivery.nodes);
const known = new Map(nodes.map((node) => [node.id, node]));

/** What Node-RED does with a function node's text. */
function run(func: unknown, msg: object, stored: Record<string, unknown> = {}): unknown {
  const flow = {
    get: (key: string) => stored[key],
    set: (key: string, value: unknown) => {
      stored[key] = value;
    },
  };
  return new Script(`(function (msg, flow, env) { ${String(func)} })`).runInThisContext()(msg, flow, {
    get: () => "",
  });
}

function declaredIn(func: unknown): string[] {
  return [...String(func).matchAll(/^function (\w+)\(/gm)].map(([, name = ""]) => name);
}

describe("dashboard", () => {
  it("is the same at every call, with ids of its own that no two nodes share", () => {
    assert.deepEqual(dashboardFlows(), deliveries);
    assert.equal(known.size, nodes.length);
    assert.deepEqual(
      nodes.filter(({ id }) => !/^meanet-(tab-)?dashboard[a-z-]*$/.test(id)),
      [],
    );
  });

  it("has every wire, group, page, theme and scope lead to a node of it", () => {
    const targets = nodes.flatMap(({ wires = [], group, page, ui, theme, scope = [], z }) =>
      [...(wires as string[][]).flat(), group, page, ui, theme, ...(scope as string[]), z].filter(Boolean),
    );
    assert.deepEqual(
      targets.filter((id) => !known.has(id as string)),
      [],
    );
  });

  it("has no configuration that nothing names: the editor would advise to delete it", () => {
    const named = new Set(nodes.flatMap(({ group, page, ui, theme }) => [group, page, ui, theme]));
    const configurations = nodes.filter(({ z, type }) => z === undefined && type !== "tab");
    assert.deepEqual(
      configurations.filter(({ id }) => !named.has(id)),
      [],
    );
  });

  it("holds components whose scripts are one object: the dashboard reads nothing in front of it", () => {
    for (const { id, format } of nodes) {
      const [, script] = /<script>(.*)<\/script>/s.exec(String(format)) ?? [];
      if (script !== undefined) assert.match(script, /^\s*(\/\*.*?\*\/\s*)?export default \{/s, id);
    }
  });

  it("delivers each page as a tab, whose nodes stand apart in the editor", () => {
    for (const { name, nodes } of deliveries) {
      assert.equal(nodes.filter(({ type }) => type === "tab").length, 1, name);
      const places = nodes.filter(({ z }) => z !== undefined).map(({ x, y }) => JSON.stringify([x, y]));
      assert.equal(new Set(places).size, places.length, name);
    }
  });

  it("holds functions that need nothing of their modules, and no TypeScript", () => {
    const functions = nodes.filter(({ type }) => type === "function");
    assert.ok(functions.length > 0);
    for (const { id, func } of functions)
      assert.doesNotThrow(() => new Script(`() => { ${String(func)} }`), id);
    const seen = {
      ...{ since: 0, until: 1000, intervalMs: 1000, answers: {}, lists: {}, troubles: {}, recorder: null },
      broker: "connected",
    };
    for (const { id, func } of functions.filter(({ id }) => /-(shape|join)-/.test(id))) {
      assert.doesNotThrow(() => run(func, { payload: seen }), id);
    }
    // Also those whose calls no such message reaches.
    const ours = new Set(functions.flatMap(({ func }) => declaredIn(func)));
    for (const { id, func } of functions) {
      const called = [...String(func).matchAll(/(?<![\w.])([a-z]\w*)\(/g)].map(([, name = ""]) => name);
      const lacking = called.filter((name) => ours.has(name) && !declaredIn(func).includes(name));
      assert.deepEqual(lacking, [], id);
    }
  });
});
