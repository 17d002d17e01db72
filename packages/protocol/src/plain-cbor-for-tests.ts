/**
 * A CBOR reader of the plainest kind, after the initial-byte table of RFC 8949 appendix B: the reference that the wire
 * format is checked with. It knows numbers, text, bytes, arrays, maps, true, false and null, and throws at anything else.
 */
export function readPlainCbor(payload: Uint8Array): unknown {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;

  function argument(info: number): number {
    const start = at;
    if (info < 24) return info;
    if (info > 27) throw new Error(`additional information ${info}`);
    at += 2 ** (info - 24);
    if (info === 24) return view.getUint8(start);
    if (info === 25) return view.getUint16(start);
    if (info === 26) return view.getUint32(start);
    return Number(view.getBigUint64(start));
  }

  function take(length: number): Uint8Array {
    at += length;
    return payload.slice(at - length, at);
  }

  function item(): unknown {
    const first = view.getUint8(at++);
    const info = first & 31;
    switch (first >> 5) {
      case 0:
        return argument(info);
      case 1:
        return -1 - argument(info);
      case 2:
        return take(argument(info));
      case 3:
        return new TextDecoder("utf-8", { fatal: true }).decode(take(argument(info)));
      case 4:
        return Array.from({ length: argument(info) }, item);
      case 5:
        return Object.fromEntries(Array.from({ length: argument(info) }, () => [item(), item()]));
      case 7:
        return simple(info);
      default:
        throw new Error(`major type ${first >> 5}`);
    }
  }

  function simple(info: number): unknown {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22) return null;
    if (info === 26 || info === 27) {
      at += info === 26 ? 4 : 8;
      return info === 26 ? view.getFloat32(at - 4) : view.getFloat64(at - 8);
    }
    throw new Error(`simple value ${info}`);
  }

  const value = item();
  if (at !== payload.byteLength) throw new Error(`${payload.byteLength - at} bytes left`);
  return value;
}
