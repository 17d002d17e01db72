import { MeanetError } from "@meanet/runtime/error";
import { Decoder, Encoder } from "cbor-x";
import { z } from "zod";
import { checkCborForm } from "./cbor-form.ts";

/** How a payload is written and read. `decode` never trusts: what it returns matches the schema. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** @throws {MeanetError} PAYLOAD_INVALID naming the field and what was expected */
  decode(payload: Uint8Array): T;
}

/** Larger JSON than this is nobody's verdict: refused before it is parsed. */
const MAX_JSON_BYTES = 64 * 1024;
/** A value of a setting is a word or a number. Bounded, because unlike other payloads it has no schema here that ends its nesting. */
const MAX_SETTING_BYTES = 1024;
/** Issues named in a message; a hostile payload could fill pages. */
const MAX_ISSUES = 5;
/** Keys of the sender stand in the message. */
const MAX_MESSAGE_LENGTH = 500;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function json<T>(schema: z.ZodType<T>): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (payload) => check(schema, parseJson(payload), "JSON"),
  };
}

/**
 * One value of a setting. Anything that is not JSON counts as a plain string,
 * so that `mosquitto_pub -m edge-only` works as well as `-m '"edge-only"'`.
 */
export function settingValue(): Codec<unknown> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode(payload) {
      const text = readText(payload, MAX_SETTING_BYTES);
      try {
        return JSON.parse(text);
      } catch {
        return text.trim();
      }
    },
  };
}

// Plain CBOR maps: no cbor-x record extension, so that any CBOR library can take part.
const cborEncoder = new Encoder({ useRecords: false, tagUint8Array: false });
const cborDecoder = new Decoder({ useRecords: false, mapsAsObjects: true });

export function cbor<T>(schema: z.ZodType<T>): Codec<T> {
  return {
    encode: (value) => cborEncoder.encode(value),
    decode(payload) {
      checkCborForm(payload);
      let value: unknown;
      try {
        value = cborDecoder.decode(payload);
      } catch (cause) {
        throw new MeanetError(
          "PAYLOAD_INVALID",
          `payload of ${payload.byteLength} bytes is not CBOR`,
          {},
          { cause },
        );
      }
      return check(schema, value, "CBOR");
    },
  };
}

/** Bytes as they are. */
export const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (payload) => payload };

function readText(payload: Uint8Array, maxBytes: number): string {
  if (payload.byteLength > maxBytes) {
    throw new MeanetError(
      "PAYLOAD_INVALID",
      `JSON payload of ${payload.byteLength} bytes, at most ${maxBytes} allowed`,
    );
  }
  try {
    return utf8.decode(payload);
  } catch (cause) {
    throw new MeanetError("PAYLOAD_INVALID", "payload is not UTF-8 text", {}, { cause });
  }
}

function parseJson(payload: Uint8Array): unknown {
  const text = readText(payload, MAX_JSON_BYTES);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeanetError(
      "PAYLOAD_INVALID",
      `payload is not JSON: ${JSON.stringify(text.slice(0, 80))}`,
      {},
      { cause },
    );
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, format: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MAX_ISSUES);
  const text = z.prettifyError({ issues }).slice(0, MAX_MESSAGE_LENGTH);
  throw new MeanetError("PAYLOAD_INVALID", `${format} payload does not fit: ${text}`, {
    issues: result.error.issues.length,
  });
}
