import { MeanetError } from "@meanet/runtime/error";

/** A complex item nests two deep; more than this is built to exhaust a stack. */
const MAX_DEPTH = 16;
/** It holds some thirty keys and values. A map of a million keys would keep check and decoder busy for seconds. */
const MAX_ITEMS = 1000;

/**
 * Checks the form of a CBOR payload without building anything of it.
 *
 * Decoders allocate what a header promises: nine bytes can claim an array of 10⁸ entries. Tags make them build classes, shared references, even code
 * (cbor-x compiles its record tags). So before a payload is decoded: one item and nothing behind it, not too many within it, every
 * length within the payload, no tags, no indefinite lengths, map keys that are text, each once.
 *
 * @throws {MeanetError} PAYLOAD_INVALID
 * @see RFC 8949, appendix C: well-formedness
 */
export function checkCborForm(payload: Uint8Array): void {
  const end = checkItem(payload, 0, 0, { items: MAX_ITEMS });
  if (end !== payload.byteLength) throw malformed(`${payload.byteLength - end} bytes behind its end`);
}

/** What a payload may still hold. */
interface Room {
  items: number;
}

/** @returns where the item that starts at `start` ends */
function checkItem(payload: Uint8Array, start: number, depth: number, room: Room): number {
  if (depth > MAX_DEPTH) throw malformed(`nested deeper than ${MAX_DEPTH}`);
  if (--room.items < 0) throw malformed(`more than ${MAX_ITEMS} items`);
  const { major, value, next } = readHead(payload, start);
  switch (major) {
    case 2:
    case 3:
      if (value > payload.byteLength - next) throw malformed(`cut off: ${value} bytes promised`);
      return next + value;
    case 4:
      return checkItems(payload, next, value, depth, room);
    case 5:
      return checkMap(payload, next, value, depth, room);
    case 6:
      throw malformed("holds a tag");
    default:
      return next;
  }
}

function checkItems(payload: Uint8Array, start: number, count: number, depth: number, room: Room): number {
  // An item takes at least one byte, so a false count ends here, before any loop over it.
  if (count > payload.byteLength - start) throw malformed(`cut off: ${count} items promised`);
  let next = start;
  for (let index = 0; index < count; index++) next = checkItem(payload, next, depth + 1, room);
  return next;
}

function checkMap(payload: Uint8Array, start: number, count: number, depth: number, room: Room): number {
  if (count > payload.byteLength - start) throw malformed(`cut off: ${count} entries promised`);
  const seen = new Set<string>();
  let next = start;
  for (let index = 0; index < count; index++) {
    const keyStart = next;
    next = checkItem(payload, next, depth + 1, room);
    if (payload[keyStart]! >> 5 !== 3) throw malformed("has a map key that is not text");
    const key = Buffer.from(payload.buffer, payload.byteOffset + keyStart, next - keyStart).toString(
      "latin1",
    );
    if (seen.has(key)) throw malformed("has a map key twice");
    seen.add(key);
    next = checkItem(payload, next, depth + 1, room);
  }
  return next;
}

/** The first byte of an item and its argument: a number, a length or a count. */
function readHead(payload: Uint8Array, start: number): { major: number; value: number; next: number } {
  const first = payload[start];
  if (first === undefined) throw malformed("cut off");
  const major = first >> 5;
  const info = first & 0x1f;
  if (info < 24) return { major, value: info, next: start + 1 };
  if (info === 31) throw malformed("has an indefinite length");
  if (info > 27) throw malformed("uses a reserved length");
  const width = 1 << (info - 24);
  const next = start + 1 + width;
  if (next > payload.byteLength) throw malformed("cut off");
  let value = 0;
  for (let index = start + 1; index < next; index++) value = value * 256 + payload[index]!;
  return { major, value, next };
}

function malformed(what: string): MeanetError {
  return new MeanetError(
    "PAYLOAD_INVALID",
    `payload is not CBOR of plain values (no tags, definite lengths): ${what}`,
  );
}
