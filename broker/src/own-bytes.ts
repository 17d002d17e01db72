const copies = new WeakMap<Buffer, Buffer>();

/**
 * The same bytes, in memory that holds little else, for what is kept longer than a moment.
 *
 * A payload is a view of what was read from the socket: keeping one byte of it keeps all 64 KiB, and no count of payloads would tell.
 * Every session that keeps a message shares one copy.
 */
export function ownBytes(payload: Buffer): Buffer {
  if (payload.buffer.byteLength <= 2 * payload.length) return payload;
  let copy = copies.get(payload);
  if (copy === undefined) {
    copy = Buffer.allocUnsafeSlow(payload.length);
    payload.copy(copy);
    copies.set(payload, copy);
  }
  return copy;
}

/** The message with {@link ownBytes}. */
export function withOwnBytes<P extends { readonly payload: Buffer | string }>(packet: P): P {
  const { payload } = packet;
  return typeof payload === "string" ? { ...packet } : { ...packet, payload: ownBytes(payload) };
}
