import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { topicsUnder } from "@meanet/protocol";
import { covers, Subscriptions } from "./subscriptions.ts";

const topics = topicsUnder();
const online = { state: "online", kind: "edge", version: "1", models: [], since: 1 } as const;
const name = (node: string) => topics.status.format({ site: "lab", node });
const payload = topics.status.encode(online);

describe("subscriptions of a connection", () => {
  it("ask only for the widest of filters that lie within each other", () => {
    const subscriptions = new Subscriptions(assert.fail);
    const narrow = subscriptions.add(topics.verdict, { site: "lab", device: "cam-1" }, () => undefined);
    assert.deepEqual(subscriptions.filters, ["meanet/v1/lab/cam-1/verdict"]);
    const wide = subscriptions.add(topics.verdict, { site: "lab" }, () => undefined);
    assert.deepEqual(subscriptions.filters, ["meanet/v1/lab/+/verdict"]);
    wide.end();
    assert.deepEqual(subscriptions.filters, ["meanet/v1/lab/cam-1/verdict"]);
    narrow.end();
    assert.deepEqual(subscriptions.filters, []);
  });

  it("deliver a message once to each that wants it", () => {
    const subscriptions = new Subscriptions(assert.fail);
    const heard: string[] = [];
    subscriptions.add(topics.status, { site: "lab" }, ({ params }) => heard.push(`all ${params.node}`));
    subscriptions.add(topics.status, { site: "lab", node: "edge-1" }, () => heard.push("edge-1"));
    subscriptions.deliver(name("edge-1"), payload, false);
    subscriptions.deliver(name("edge-2"), payload, false);
    assert.deepEqual(heard, ["all edge-1", "edge-1", "all edge-2"]);
  });

  it("give a late one what the broker keeps, marked as kept, until nobody listens to it any more", async () => {
    const subscriptions = new Subscriptions(assert.fail);
    const first = subscriptions.add(topics.status, { site: "lab" }, () => undefined);
    subscriptions.deliver(name("edge-1"), payload, false);
    subscriptions.deliver(name("edge-2"), payload, false);
    subscriptions.deliver(name("edge-2"), new Uint8Array(), false);
    const heard: unknown[] = [];
    const late = subscriptions.add(topics.status, { site: "lab" }, ({ params, retained }) =>
      heard.push([params.node, retained]),
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, [["edge-1", true]]);
    first.end();
    late.end();
    subscriptions.add(topics.status, { site: "lab" }, () => heard.push(["from nobody"]));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(heard.length, 1);
  });

  it("tell of a message that is not what its topic promises, and hand nothing on", () => {
    const told: string[] = [];
    const subscriptions = new Subscriptions((topic) => told.push(topic));
    subscriptions.add(topics.status, { site: "lab" }, () => assert.fail("handed on"));
    subscriptions.deliver(name("edge-1"), Buffer.from("{}"), false);
    assert.deepEqual(told, [name("edge-1")]);
  });
});

describe("covers", () => {
  for (const [filter, other, expected] of [
    ["a/+/c", "a/b/c", true],
    ["a/+/c", "a/+/c", true],
    ["a/b/c", "a/+/c", false],
    ["a/#", "a", true],
    ["a/#", "a/b/#", true],
    ["a/+", "a/#", false],
    ["a/+", "a/b/c", false],
    ["a/+/c", "a", false],
  ] as const) {
    it(`${filter} and ${other}: ${expected}`, () => assert.equal(covers(filter, other), expected));
  }
});
