import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manifest, writeBundle } from "@meanet/models";
import { encodeWindow } from "@meanet/protocol";

/** Each class is the brightness of one pixel: the class of a frame can be read off its bytes. */
export const tiny = {
  name: "tiny@1.0.0",
  shape: [1, 2, 2],
  classes: ["north-west", "north-east", "south-west"],
  /** Logit of a pixel at full brightness. */
  gain: 8,
  macs: 12,
} as const;

/** Unsigned bytes of a frame of class `classIndex`. */
export function tinyFrame(classIndex: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 4 }, (_, pixel) => (pixel === classIndex ? 255 : 0));
}

/** As {@link tiny}, of the readings of a window; those of its second channel are 10 + 2 times what they are to the model. */
export const tinyWindow = { name: "tiny-window@1.0.0", shape: [2, 2], mean: [0, 10], std: [1, 2] } as const;

/** A window of class `classIndex`, as a device writes it. */
export function windowOf(classIndex: number): Uint8Array<ArrayBuffer> {
  const values = [0, 1, 2, 3].map((index) => Number(index === classIndex));
  return encodeWindow(Float32Array.from(values, (value, index) => (index < 2 ? value : 10 + 2 * value)));
}

/** Writes the bundle and returns its folder. Its edge models are no models: the worker never opens them. */
export async function writeTinyBundle({
  cloud = true,
  kind = "image" as "image" | "window",
} = {}): Promise<string> {
  const name = kind === "image" ? "tiny" : "tiny-window";
  const dir = join(mkdtempSync(join(tmpdir(), "meanet-bundle-")), name);
  const block = { parameters: 12, macs: tiny.macs };
  const part = { epochs: 0, seconds: 0, heldOutAccuracy: 1 };
  const manifest: Omit<Manifest, "schema" | "files"> = {
    name,
    version: "1.0.0",
    input:
      kind === "image"
        ? { kind, shape: [...tiny.shape], mean: [0], std: [1] }
        : { kind, shape: tinyWindow.shape, mean: [...tinyWindow.mean], std: [...tinyWindow.std], rateHz: 50 },
    classes: [...tiny.classes],
    hardClasses: [0, 1],
    threshold: 1,
    decision: "extension",
    blocks: { main: block, adaptive: block, extension: block, cloud: block },
    provenance: {
      data: { name: "none", licence: "none", trainCount: 1, heldOutCount: 1, splitSeed: 1 },
      recipe: {},
      parts: { main: part, extension: part, cloud: part },
      machine: "a test",
      createdAt: "2026-01-01T00:00:00Z",
    },
  };
  const none = Uint8Array.of(1);
  await writeBundle(dir, {
    manifest,
    files: {
      main: none,
      extension: none,
      ...(cloud ? { cloud: tinyModel(kind === "image" ? [1, 2, 2] : [2, 1, 2]) } : {}),
    },
  });
  return dir;
}

/** `x[N,…4] → Flatten → MatMul weights[4,3] → y[N,3]` as an ONNX file. */
function tinyModel(dims: readonly number[]): Uint8Array {
  const weights = new Float32Array(4 * 3);
  for (let index = 0; index < 3; index++) weights[index * 3 + index] = tiny.gain;
  return message(
    [1, 8], // ir_version
    [7, graph(weights, dims)],
    [8, message([1, ""], [2, 17])], // opset_import
  );
}

function graph(weights: Float32Array, dims: readonly number[]): Uint8Array {
  const tensor = message(
    [1, 4],
    [1, 3],
    [2, 1], // float
    [8, "weights"],
    [9, new Uint8Array(weights.buffer)],
  );
  return message(
    [1, message([1, "x"], [2, "flat"], [4, "Flatten"])],
    [1, message([1, "flat"], [1, "weights"], [2, "y"], [4, "MatMul"])],
    [2, "tiny"],
    [5, tensor],
    [11, valueInfo("x", ["N", ...dims])],
    [12, valueInfo("y", ["N", 3])],
  );
}

function valueInfo(name: string, dims: readonly (string | number)[]): Uint8Array {
  const shape = message(
    ...dims.map((dim): Field => [1, typeof dim === "string" ? message([2, dim]) : message([1, dim])]),
  );
  return message([1, name], [2, message([1, message([1, 1], [2, shape])])]);
}

type Field = readonly [number: number, value: number | string | Uint8Array];

/** Protocol Buffers wire format: numbers as varint, text and messages with their length. */
function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === "number") return Buffer.from([...varint(number << 3), ...varint(value)]);
    const bytes = Buffer.from(value as Uint8Array);
    return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
  });
  return Buffer.concat(parts);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
