import { encodeWindow } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";

export type PayloadKind = "auto" | "frame" | "window";

/** What goes to an edge node, and on which topic. */
export interface FramePayload {
  readonly topic: "frame" | "window";
  readonly bytes: Uint8Array;
}

/**
 * Bytes are a frame unless `kind` says otherwise; numbers are a sensor window: `Float32Array`, an array of C·T values, or C arrays of T.
 *
 * @throws {MeanetError} PAYLOAD_INVALID naming what came and what was expected
 */
export function framePayload(payload: unknown, kind: PayloadKind): FramePayload {
  if (payload instanceof Uint8Array) {
    if (payload.byteLength === 0) throw invalid("an empty Buffer");
    return { topic: kind === "window" ? "window" : "frame", bytes: payload };
  }
  if (kind === "frame")
    throw invalid(describe(payload), "an image or the raw bytes of the model's input, as Buffer");
  if (payload instanceof Float32Array) return { topic: "window", bytes: encodeWindow(checked(payload)) };
  if (payload instanceof Float64Array) return fromNumbers([...payload]);
  if (!Array.isArray(payload)) throw invalid(describe(payload));
  return fromNumbers(flat(payload));
}

function fromNumbers(values: readonly number[]): FramePayload {
  return { topic: "window", bytes: encodeWindow(checked(Float32Array.from(values))) };
}

/** Rows of the same length, or numbers, as numbers. */
function flat(rows: readonly unknown[]): number[] {
  if (!rows.some(Array.isArray)) return rows.map(number);
  const lists = rows.map((row, index) => {
    if (!Array.isArray(row)) throw invalid(`an array whose element ${index} is ${describe(row)}`);
    return row.map(number);
  });
  const odd = lists.findIndex(({ length }) => length !== lists[0]?.length);
  if (odd >= 0) {
    throw invalid(
      `rows of ${lists[0]?.length} and of ${lists[odd]?.length} numbers`,
      "rows of the same length",
    );
  }
  return lists.flat();
}

function number(value: unknown, index: number): number {
  if (typeof value === "number") return value;
  throw invalid(`an array whose element ${index} is ${describe(value)}`);
}

function checked(values: Float32Array): Float32Array {
  if (values.length === 0) throw invalid("no numbers");
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw invalid(`${values[wrong]} as value ${wrong} of the window`, "finite numbers");
  return values;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return `an object (${value.constructor?.name ?? "no class"})`;
  return `a ${typeof value}`;
}

function invalid(
  received: string,
  expected = "an image as Buffer, or a sensor window as Float32Array or arrays of numbers",
): MeanetError {
  return new MeanetError("PAYLOAD_INVALID", `msg.payload is ${received}; expected ${expected}`);
}
