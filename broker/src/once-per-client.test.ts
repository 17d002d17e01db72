import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Client } from "aedes";
import mqtt from "mqtt";
import { OncePerClient } from "./once-per-client.ts";
import { Inbox, startBroker } from "./test-broker.ts";

describe("a message once per client", { timeout: 300_000 }, () => {
  it("reaches a subscriber of both though a later plain message overtakes a retained or a QoS 1 one", async (t) => {
    const { url } = await startBroker(t);
    const subscriber = await mqtt.connectAsync(url);
    const publisher = await mqtt.connectAsync(url);
    t.after(() => Promise.all([subscriber.endAsync(true), publisher.endAsync(true)]));
    const inbox = new Inbox(subscriber);
    await subscriber.subscribeAsync(["node/stats", "node/verdict", "node/energy"], { qos: 1 });

    const rounds = 100;
    const published: Promise<unknown>[] = [];
    // All in one burst: the broker reads them in one turn, and stores the first two of each round before it delivers them.
    for (let round = 0; round < rounds; round++) {
      published.push(publisher.publishAsync("node/stats", `s${round}`, { retain: true }));
      published.push(publisher.publishAsync("node/verdict", `v${round}`, { qos: 1 }));
      published.push(publisher.publishAsync("node/energy", `e${round}`));
    }
    await Promise.all(published);
    await publisher.publishAsync("node/verdict", "last", { qos: 1 });
    await inbox.has("last");

    const lost = Array.from({ length: rounds }, (_, round) => [`s${round}`, `v${round}`, `e${round}`])
      .flat()
      .filter((payload) => !inbox.payloads.includes(payload));
    assert.deepEqual(lost, []);
    assert.equal(inbox.payloads.length, 3 * rounds + 1);
  });

  it("comes once where several subscriptions of the client match", async (t) => {
    const { url } = await startBroker(t);
    const client = await mqtt.connectAsync(url);
    t.after(() => client.endAsync(true));
    const inbox = new Inbox(client);
    await client.subscribeAsync(["a/#", "a/+", "a/b"], { qos: 1 });
    for (const qos of [0, 1] as const) await client.publishAsync("a/b", `qos ${qos}`, { qos });
    await client.publishAsync("a/b", "last", { qos: 1 });
    await inbox.has("last");
    assert.deepEqual(inbox.payloads, ["qos 0", "qos 1", "last"]);
  });

  it("remembers no share group that a client was ever in", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const once = new OncePerClient();
    const client = {} as Client;
    once.adopt(client);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let group = 0; group < 200_000; group++) {
      const packet = { brokerId: `$share/group-${group}/a`, brokerCounter: group };
      assert.ok(once.isFirst(client, packet));
    }
    collect();
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 4_000_000, `${grown} bytes after 200,000 groups`);
    assert.ok(once.isFirst(client, { brokerId: "broker", brokerCounter: 1 }));
    assert.ok(!once.isFirst(client, { brokerId: "broker", brokerCounter: 1 }));
  });
});
