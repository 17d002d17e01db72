import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PacketGuard } from "./packet-guard.ts";

const LIMIT = 4096;
const connect = Buffer.from([0x10, 16, ...Buffer.from("\0\x04MQTT\x04\x02\0\x3c\0\x04cafe")]);

/** A PUBLISH whose remaining length is `body`, all of it or only the header. */
function publish(body: number, { headerOnly = false } = {}): Buffer {
  const length: number[] = [];
  for (let rest = body; length.length === 0 || rest > 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(headerOnly ? 0 : body, 0xff)]);
}

/** Finding after the bytes passed in the given cuts. */
function scan(bytes: Buffer, cuts: readonly number[], limit = LIMIT) {
  const guard = new PacketGuard(limit);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    while (from < to) {
      const { last, pause, finding } = guard.scan(bytes.subarray(from, to));
      if (finding !== undefined) return finding;
      from = pause === undefined ? to : from + last;
    }
  }
  return undefined;
}

/** Every single cut, every pair of cuts, and byte by byte. */
function* everyCut(length: number): Generator<readonly number[]> {
  yield [];
  yield Array.from({ length: length - 1 }, (_, index) => index + 1);
  for (let first = 1; first < length; first++) {
    yield [first];
    for (let second = first + 1; second < length; second++) yield [first, second];
  }
}

describe("PacketGuard", () => {
  it("passes packets within the limit, however the stream is cut", () => {
    const stream = Buffer.concat([
      connect,
      publish(0),
      publish(1),
      publish(127),
      publish(128),
      Buffer.from([0xc0, 0]),
    ]);
    for (const cuts of everyCut(stream.length)) assert.equal(scan(stream, cuts), undefined);
  });

  it("finds a packet over the limit in every cut, by its header alone", () => {
    const stream = Buffer.concat([connect, publish(130), publish(268_435_455, { headerOnly: true })]);
    for (const cuts of everyCut(stream.length)) assert.equal(scan(stream, cuts)?.reason, "packet-too-large");
  });

  it("counts the fixed header to the size", () => {
    assert.equal(scan(Buffer.concat([connect, publish(LIMIT - 3)]), []), undefined);
    const finding = scan(Buffer.concat([connect, publish(LIMIT - 2, { headerOnly: true })]), []);
    assert.equal(finding?.reason, "packet-too-large");
    assert.match(finding.message, /4097 bytes announced, at most 4096/);
  });

  it("refuses a length of more than four bytes, in every cut", () => {
    const stream = Buffer.concat([connect, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x07])]);
    for (const cuts of everyCut(stream.length)) assert.equal(scan(stream, cuts)?.reason, "malformed-length");
  });

  it("refuses a stream that does not begin with CONNECT", () => {
    assert.equal(scan(Buffer.from("GET / HTTP/1.1\r\n"), [])?.reason, "not-mqtt");
    assert.equal(scan(publish(10), [])?.reason, "not-mqtt");
  });

  it("holds the first packet to what a CONNECT can be", () => {
    const huge = Buffer.from([0x10, 0xff, 0xff, 0x7f]);
    assert.equal(scan(huge, [], 64 * 1024 * 1024)?.reason, "packet-too-large");
  });
});
