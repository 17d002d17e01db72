/**
 * Just enough of the protobuf wire format to write an ONNX file: varints, fixed 32-bit floats and length-delimited fields.
 *
 * A message is the list of its encoded fields; nothing is copied until {@link joined} flattens it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export type Message = readonly Uint8Array[];

const utf8 = new TextEncoder();

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value)); // a negative int64 is written as its two's complement, ten bytes long
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** An integer field (wire type 0). */
export function integer(field: number, value: number | bigint): Message {
  return [Uint8Array.from([...varint(field << 3), ...varint(value)])];
}

/** A float field (wire type 5). */
export function float(field: number, value: number): Message {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from(varint((field << 3) | 5)), bytes];
}

/** A field of bytes, text or a nested message (wire type 2). */
export function delimited(field: number, content: Uint8Array | string | Message): Message {
  const parts =
    typeof content === "string"
      ? [utf8.encode(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return [Uint8Array.from([...varint((field << 3) | 2), ...varint(byteLength)]), ...parts];
}

/** The message as one run of bytes. */
export function joined(message: Message): Uint8Array {
  const bytes = new Uint8Array(message.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of message) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
