import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Script } from "node:vm";
import { allDelivered } from "./deliver.ts";
import { type FlowNode, TAB_ID } from "./install-flows.ts";

const deliveries = allDelivered();
const all = deliveries.flatMap(({ nodes }) => nodes);
const byId = new Map(all.map((node) => [node.id, node]));

describe("what the package delivers", () => {
  it("shares no id, and every id is ours", () => {
    assert.equal(byId.size, all.length);
    assert.deepEqual(
      all.filter(({ id }) => !id.startsWith("meanet-")),
      [],
    );
  });

  it("is one tab in each file, or configurations alone", () => {
    for (const { name, nodes } of deliveries) {
      const tabs = nodes.filter(({ type }) => type === "tab").map(({ id }) => id);
      if (tabs.length > 0) assert.deepEqual(tabs, [`${TAB_ID}${name}`]);
      for (const { z } of nodes) assert.ok(z === undefined || z === tabs[0], `${name}: ${z}`);
    }
  });

  it("has everything that it refers to", () => {
    for (const node of all) {
      for (const wired of (node.wires as string[][] | undefined)?.flat() ?? []) {
        assert.equal(byId.get(wired)?.z, node.z, `${node.id} → ${wired}`);
      }
      for (const key of ["connection", "broker"]) {
        const value = node[key];
        if (typeof value === "string" && !value.startsWith("$"))
          assert.ok(byId.has(value), `${node.id}: ${value}`);
      }
    }
  });

  it("names no host: the environment tells where broker and recorder are", () => {
    // The name of SVG's elements looks like an address.
    const text = JSON.stringify(all).replaceAll("http://www.w3.org/2000/svg", "");
    assert.deepEqual(text.match(/[a-z]+:\/\/[a-z0-9.]+/g), null);
  });

  it("asks every broker for a certificate to trust: without TLS settings Node-RED's own node takes any", () => {
    const brokers = all.filter(({ type }) => type === "mqtt-broker");
    assert.ok(brokers.length > 0);
    for (const { id, verifyservercert } of brokers) assert.equal(verifyservercert, true, id);
  });

  it("holds functions and pages that parse", () => {
    for (const { id, text } of all.flatMap(scriptsOf)) {
      assert.doesNotThrow(() => new Script(text), id);
    }
  });

  it("has pages that begin with language, title and size for phones", () => {
    for (const { template } of all.filter(({ type }) => type === "template")) {
      assert.match(
        String(template),
        /^<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" [^>]+>\n<title>[^<]+<\/title>/,
      );
    }
  });
});

function scriptsOf({ id, func, template }: FlowNode): { id: string; text: string }[] {
  const page = typeof template === "string" ? template : "";
  const scripts = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text ?? "");
  const functions = typeof func === "string" ? [`(async (msg) => {${func}\n})`] : [];
  return [...functions, ...scripts].map((text) => ({ id, text }));
}
