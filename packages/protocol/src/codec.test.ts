import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import fc from "fast-check";
import { z } from "zod";
import { checkCborForm } from "./cbor-form.ts";
import { type Codec, cbor, json, settingValue } from "./codec.ts";
import { complexItemSchema } from "./complex.ts";
import { payloadsOf } from "./payloads-for-tests.ts";
import { readPlainCbor } from "./plain-cbor-for-tests.ts";
import type { Topic } from "./topic.ts";
import { topicsUnder } from "./topics.ts";

const topics = topicsUnder();
const complex = cbor(complexItemSchema);

/** Decodes hostile bytes: a value, or PAYLOAD_INVALID with a message a log can bear. */
function decodeOrRefuse<T>(codec: Pick<Codec<T>, "decode">, payload: Uint8Array): T | undefined {
  try {
    return codec.decode(payload);
  } catch (error) {
    assert.ok(isMeanetError(error, "PAYLOAD_INVALID"), `expected PAYLOAD_INVALID, received ${String(error)}`);
    assert.ok(error.message.length < 1000, `message of ${error.message.length} characters`);
    return undefined;
  }
}

const hostileJson = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
  fc
    .jsonValue()
    .map((value) =>
      Buffer.from(JSON.stringify({ outcome: "answered", counters: value, ["__proto__"]: value })),
    ),
);

for (const [name, arbitrary] of Object.entries(payloadsOf)) {
  const one = topics[name as keyof typeof payloadsOf] as unknown as Topic<string, unknown>;
  describe(`payload of ${name}`, () => {
    test("reads what it wrote", () => {
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<unknown>, (value) => {
          assert.deepEqual(plain(one.decode(one.encode(value))), plain(value));
        }),
      );
    });

    test("reads hostile bytes as a value that fits, or refuses them by name", () => {
      fc.assert(
        fc.property(hostileJson, (payload) => {
          decodeOrRefuse(one, payload);
        }),
      );
    });

    test("refuses or bears a payload that was cut off or damaged", () => {
      fc.assert(
        fc.property(
          arbitrary as fc.Arbitrary<unknown>,
          fc.nat(),
          fc.nat(255),
          fc.boolean(),
          (value, at, byte, cut) => {
            const payload = Uint8Array.from(one.encode(value));
            const position = at % payload.length;
            payload[position] = byte;
            decodeOrRefuse(one, cut ? payload.subarray(0, position) : payload);
          },
        ),
      );
    });
  });
}

/** CBOR of a map with so many keys of four letters, each to nought. */
function mapOf(keys: number): Buffer {
  const head = Buffer.from([0xba, 0, 0, 0, 0]);
  head.writeUInt32BE(keys, 1);
  const entries = Array.from({ length: keys }, (_, key) => `\x64${key.toString(36).padStart(4, "0")}\x00`);
  return Buffer.concat([head, Buffer.from(entries.join(""), "latin1")]);
}

/** Buffers and Uint8Arrays of the same bytes count as equal. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

describe("json", () => {
  const counts = json(z.object({ counts: z.record(z.string().max(64), z.number()) }));

  test("refuses nesting to the size limit without exhausting the stack", () => {
    for (const open of ["[", '{"a":', '{"counts":']) {
      const payload = Buffer.from(open.repeat(Math.floor(65_000 / open.length)));
      assert.equal(decodeOrRefuse(counts, payload), undefined);
    }
  });

  test("refuses more than 64 KiB before parsing", () => {
    assert.throws(() => counts.decode(Buffer.alloc(65_537, "9")), /65537 bytes, at most 65536/);
  });

  test("keeps __proto__ from becoming a prototype", () => {
    const value = decodeOrRefuse(counts, Buffer.from('{"counts":{"__proto__":1,"a":2},"__proto__":{"b":1}}'));
    assert.equal((value as Record<string, unknown> | undefined)?.b, undefined);
    assert.equal(({} as Record<string, unknown>).b, undefined);
  });

  test("names the field and what was expected", () => {
    assert.throws(
      () => counts.decode(Buffer.from('{"counts":{"a":"x"}}')),
      /expected number, received string\s.*counts\.a/,
    );
  });

  test("names few of many wrong fields", () => {
    const many = Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`key-${index}`, "x"]));
    assert.equal(decodeOrRefuse(counts, Buffer.from(JSON.stringify({ counts: many }))), undefined);
    const longKey = JSON.stringify({ counts: { ["k".repeat(60_000)]: 1 } });
    assert.equal(decodeOrRefuse(counts, Buffer.from(longKey)), undefined);
  });

  test("refuses text that is not UTF-8", () => {
    assert.throws(() => counts.decode(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/);
  });
});

describe("setting value", () => {
  const setting = settingValue();

  test("takes JSON, and anything else as a word", () => {
    assert.equal(setting.decode(Buffer.from("0.5")), 0.5);
    assert.equal(setting.decode(Buffer.from('"edge-only"')), "edge-only");
    assert.equal(setting.decode(Buffer.from("edge-only\n")), "edge-only");
  });

  test("is short, so that no nesting of it is deep", () => {
    assert.equal(decodeOrRefuse(setting, Buffer.from("[".repeat(1025))), undefined);
  });
});

describe("cbor", () => {
  test("is read by any decoder of RFC 8949: maps, text, bytes and numbers, no tags", () => {
    fc.assert(
      fc.property(payloadsOf.complex, (item) => {
        assert.deepEqual(plain(readPlainCbor(complex.encode(item))), plain(item));
      }),
    );
  });

  test("two payloads do not share memory", () => {
    fc.assert(
      fc.property(payloadsOf.complex, payloadsOf.complex, (first, second) => {
        const payload = complex.encode(first);
        const copy = Uint8Array.from(payload);
        complex.encode(second);
        assert.deepEqual(Uint8Array.from(payload), copy);
      }),
      { numRuns: 20 },
    );
  });

  const hostile: Record<string, Uint8Array> = {
    "nothing at all": Uint8Array.of(),
    "an array of 10⁸ entries in five bytes": Uint8Array.of(0x9a, 0x06, 0x00, 0x00, 0x00),
    "arrays of 3·10⁷ in arrays": Buffer.from("9a01c9c380".repeat(100), "hex"),
    "a map of 2⁶⁴ entries": Uint8Array.of(0xbb, 255, 255, 255, 255, 255, 255, 255, 255),
    "bytes of 2³²": Uint8Array.of(0x5a, 255, 255, 255, 255),
    "text of 2⁶³": Uint8Array.of(0x7b, 127, 255, 255, 255, 255, 255, 255, 255),
    "a hundred thousand nested arrays": new Uint8Array(100_000).fill(0x81),
    "nested indefinite arrays": new Uint8Array(100_000).fill(0x9f),
    "a hundred thousand tags": new Uint8Array(100_000).fill(0xc1),
    "a record definition of cbor-x": Buffer.from("d9df428281616101f6", "hex"),
    "a key twice": Buffer.from("a2616101616102", "hex"),
    "a number as key": Buffer.from("a10102", "hex"),
    "two items": Uint8Array.of(0xa0, 0xa0),
    "a reserved length": Uint8Array.of(0x1c),
    "__proto__ as key": Buffer.from("a1695f5f70726f746f5f5fa1616101", "hex"),
  };
  for (const [what, payload] of Object.entries(hostile)) {
    test(`refuses ${what}`, () => assert.equal(decodeOrRefuse(complex, payload), undefined));
  }

  test("looks at no more than a thousand items, however they are nested", () => {
    const zeros = (count: number) => `99${count.toString(16).padStart(4, "0")}${"00".repeat(count)}`;
    const check = (hex: string) => () => checkCborForm(Buffer.from(hex, "hex"));
    check(zeros(999))();
    check(`82${zeros(499)}${zeros(498)}`)();
    for (const hex of [zeros(1000), `82${zeros(499)}${zeros(499)}`])
      assert.throws(check(hex), /more than 1000 items/);
    assert.throws(() => checkCborForm(mapOf(100_000)), /more than 1000 items/);
  });

  test("refuses or bears random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (payload) => {
        decodeOrRefuse(complex, payload);
      }),
      { numRuns: 2000 },
    );
  });
});
