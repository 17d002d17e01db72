import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Connection } from "./connection.ts";
import { KeptTotal } from "./kept-bytes.ts";
import { SlowLink } from "./test-link.ts";

const connect = Buffer.from([0x10, 16, ...Buffer.from("\0\x04MQTT\x04\x02\0\x3c\0\x04cafe")]);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection whose CONNECT is answered. */
async function connected(link: SlowLink, maxPacketBytes: number, keptTotal = new KeptTotal(1_000_000)) {
  const connection = new Connection(link, maxPacketBytes, keptTotal);
  connection.receive(connect);
  connection.answered();
  await turn();
  connection.read();
  return connection;
}

describe("Connection", () => {
  it("never tells Aedes to wait, however much is unsent", () => {
    const connection = new Connection(new SlowLink(), 4096, new KeptTotal(1_000_000));
    for (let index = 0; index < 100; index++) assert.equal(connection.write(Buffer.alloc(1_000_000)), true);
    assert.equal(connection.unsentBytes, 100_000_000);
    connection.destroy();
  });

  it("counts what is unsent slice by slice, and delivers the bytes as they were", async () => {
    const link = new SlowLink();
    const connection = new Connection(link, 4096, new KeptTotal(1_000_000));
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    connection.write(bytes.subarray(0, 100_000));
    connection.write(bytes.subarray(100_000));
    assert.equal(connection.unsentBytes, 300_000);
    let before = connection.unsentBytes;
    while (before > 0) {
      assert.ok(link.take());
      assert.ok(connection.unsentBytes < before && before - connection.unsentBytes <= 64 * 1024);
      before = connection.unsentBytes;
      // The stream passes the next batch on a tick later.
      await turn();
    }
    assert.deepEqual(Buffer.concat(link.taken), bytes);
    assert.equal(connection.bytesOut, 300_000);
    connection.destroy();
  });

  it("measures a stall from the last slice that went out, and none when nothing waits", () => {
    const link = new SlowLink();
    const connection = new Connection(link, 4096, new KeptTotal(1_000_000));
    assert.equal(connection.stalledMs(performance.now() + 1000), 0);
    connection.write(Buffer.alloc(100_000));
    const later = performance.now() + 1000;
    assert.ok(connection.stalledMs(later) >= 1000);
    link.take();
    const afterSlice = performance.now();
    assert.ok(connection.stalledMs(afterSlice + 500) < connection.stalledMs(later + 500));
    connection.destroy();
  });

  it("ends with its reason at a packet over the limit, before the bytes reach the reader", async () => {
    const link = new SlowLink();
    const connection = await connected(link, 4096);
    const failed = once(connection, "error");
    connection.receive(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    const [error] = (await failed) as [Error];
    assert.match(error.message, /268435460 bytes announced/);
    assert.equal(connection.reason, "packet-too-large");
    assert.ok(link.destroyed);
  });

  it("stops reading from the link while nobody takes the bytes", async () => {
    const link = new SlowLink();
    const connection = await connected(link, 1_000_000);
    connection.receive(Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x20]), Buffer.alloc(0x80000)]));
    assert.ok(link.paused);
    connection.read();
    assert.ok(!link.paused);
    connection.destroy();
  });

  it("is read again only when everyone who held it has let it go", () => {
    const link = new SlowLink();
    const connection = new Connection(link, 1_000_000, new KeptTotal(1_000_000));
    connection.hold();
    connection.hold();
    connection.release();
    connection.read();
    assert.ok(link.paused);
    connection.release();
    assert.ok(!link.paused);
    connection.destroy();
  });
});
