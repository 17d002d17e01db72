import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import fc from "fast-check";
import { decodeWindow, encodeWindow } from "./window.ts";

/** What becomes of a payload: its values, or the code of the refusal, whose message a log can bear. */
function read(payload: Uint8Array | string, shape: readonly [number, number] = [3, 2]): number[] | string {
  try {
    return [...decodeWindow(Buffer.from(payload), shape)];
  } catch (error) {
    assert.ok(isMeanetError(error), String(error));
    assert.ok(error.message.length < 1000, `message of ${error.message.length} characters`);
    return error.code;
  }
}

describe("sensor window", () => {
  test("reads the floats it wrote", () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 60 }), (values) => {
        const payload = encodeWindow(Float32Array.from(values));
        assert.deepEqual(decodeWindow(payload, [1, values.length]), Float32Array.from(values));
      }),
    );
  });

  test("reads rows of JSON, with space around them too", () => {
    assert.deepEqual(read(" [[1,2],[3,4],[5,6.5]]\n"), [1, 2, 3, 4, 5, 6.5]);
  });

  test("takes text of the very size of the floats for JSON only when it begins so", () => {
    assert.deepEqual(read("[[1],[2]] ".padEnd(12), [3, 1]), "WRONG_SIZE");
    assert.deepEqual(read("  [[1],[2], [3]]", [4, 1]), "WRONG_SIZE");
    assert.deepEqual(read("AAAA", [1, 1]), [12.078_431_129_455_566]);
  });

  test("takes numbers with all their digits, each on a line of its own", () => {
    const most = -2.2250738585072014e-308;
    const text = JSON.stringify(Array(3).fill([most, most]), null, 10);
    assert.deepEqual(read(text), Array(6).fill(-0));
  });

  const refused = [
    ["ragged rows", "[[1,2],[3],[5,6]]", "PAYLOAD_INVALID"],
    ["rows that are none", "[1,2,3,4,5,6]", "PAYLOAD_INVALID"],
    ["a number past float32", "[[1e39,1],[1,1],[1,1]]", "PAYLOAD_INVALID"],
    ["a word", "[[NaN,1],[1,1],[1,1]]", "PAYLOAD_INVALID"],
    ["an object", '{"values":[1,2]}', "PAYLOAD_INVALID"],
    ["plain text", "hello", "PAYLOAD_INVALID"],
    ["deep nesting", "[".repeat(1400), "PAYLOAD_INVALID"],
    ["more text than six numbers can be, unread", "[".repeat(50_000), "WRONG_SIZE"],
    [
      "a float that is no number",
      encodeWindow(Float32Array.of(1, 2, Number.NaN, 4, 5, 6)),
      "PAYLOAD_INVALID",
    ],
    ["other channels", "[[1,2],[3,4]]", "WRONG_SIZE"],
    ["more readings", "[[1,2,3],[4,5,6],[7,8,9]]", "WRONG_SIZE"],
    ["no rows", "[]", "WRONG_SIZE"],
    ["empty rows", "[[],[],[]]", "WRONG_SIZE"],
    ["half a float", new Uint8Array(25), "WRONG_SIZE"],
    ["two windows", new Uint8Array(48), "WRONG_SIZE"],
    ["nothing", new Uint8Array(0), "WRONG_SIZE"],
  ] as const;
  for (const [what, payload, code] of refused) {
    test(`refuses ${what}: ${code}`, () => {
      assert.equal(read(payload), code);
    });
  }

  test("refuses or bears random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        const values = read(payload, [1, 4]);
        if (typeof values !== "string") assert.ok(values.length === 4 && values.every(Number.isFinite));
      }),
    );
  });
});
