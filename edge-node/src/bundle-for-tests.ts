import { join } from "node:path";
import { writeBundle } from "@meanet/models";
import { encodeWindow } from "@meanet/protocol";

/**
 * A bundle whose answers can be read off the frame: 1x2x3 bytes p0…p5, or a window of 2x3 readings; five classes of which 3 and 1 are
 * hard.
 *
 *     main       F1 = x;  y1 = 20 · (p0, p1, p2, p3, 0) / 255
 *     extension  y2 = 20 · (p4, F1 of p5) / 255      class 3, class 1; with `notHard` a third, 20 · p0 / 255
 *
 * One byte of 255 and the rest 0 is a sure answer, two of 255 are an entropy of ln 2. Real files for real sessions.
 */
export interface TestBundle {
  readonly version?: string;
  readonly threshold?: number;
  /** Default image. A window's second channel is 10 + 2 p, so that it takes its mean and deviation to read it. */
  readonly kind?: "image" | "window";
  /** The extension may answer "not hard"; the rule is then `fusion`, with temperatures. */
  readonly notHard?: boolean;
  /** Bytes that are no model, for a bundle that cannot be opened. */
  readonly brokenMain?: boolean;
  /** Main made for one frame a run. */
  readonly singleMain?: boolean;
}

/** Of one item. */
const DIMS = { image: [1, 2, 3], window: [2, 1, 3] } as const;
const fusion = {
  decision: "fusion",
  fusionWeight: 0.25,
  temperatures: { main: 2, extension: 1 },
} as const;
const CLASSES = ["zero", "one", "two", "three", "four"];
/** Costs of one frame; made up, so that each part of the sum can be told from the others. */
export const MACS = { main: 1_000_000, adaptive: 200_000, extension: 30_000, cloud: 9_000_000 };

export async function writeTestBundle(folder: string, changes: TestBundle = {}): Promise<string> {
  const {
    version = "1.0.0",
    threshold = 0.5,
    kind = "image",
    notHard = false,
    brokenMain = false,
    singleMain = false,
  } = changes;
  const name = kind === "image" ? "three" : "motion";
  const dir = join(folder, `${name}-${version}`);
  const block = (macs: number) => ({ parameters: 0, macs });
  const history = { epochs: 0, seconds: 0, heldOutAccuracy: 0 };
  await writeBundle(dir, {
    manifest: {
      name,
      version,
      input:
        kind === "image"
          ? { kind, shape: [1, 2, 3], mean: [0], std: [1] }
          : { kind, shape: [2, 3], mean: [0, 10], std: [1, 2], rateHz: 50 },
      classes: CLASSES,
      hardClasses: [3, 1],
      threshold,
      decision: "extension",
      ...(notHard ? ({ notHard, ...fusion } as const) : {}),
      blocks: {
        main: block(MACS.main),
        adaptive: block(MACS.adaptive),
        extension: block(MACS.extension),
        cloud: block(MACS.cloud),
      },
      provenance: {
        data: { name: "none", licence: "none", trainCount: 1, heldOutCount: 1, splitSeed: 0 },
        recipe: {},
        parts: { main: history, extension: history, cloud: history },
        machine: "none",
        createdAt: "2026-01-01T00:00:00Z",
      },
    },
    files: {
      main: brokenMain ? Buffer.from("no model") : mainModel(DIMS[kind], singleMain ? 1 : "N"),
      extension: extensionModel(DIMS[kind], notHard ? 3 : 2),
    },
    ...(singleMain ? { single: ["main"] } : {}),
  });
  return dir;
}

/** A window by position, as a device writes it: 1 is what byte 255 is to a picture. */
export function windowBytes(readings: Readonly<Record<number, number>>): Uint8Array<ArrayBuffer> {
  return encodeWindow(
    Float32Array.from({ length: 6 }, (_, index) => {
      const value = readings[index] ?? 0;
      return index < 3 ? value : 10 + 2 * value;
    }),
  );
}

/** Bytes of a frame by position, the rest 0. */
export function frameBytes(bytes: Readonly<Record<number, number>>): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, index) => bytes[index] ?? 0);
}

function mainModel(dims: Dims, batch: 1 | "N"): Uint8Array {
  const weights = new Float32Array(6 * 5);
  for (const index of [0, 1, 2, 3]) weights[index * 5 + index] = 20;
  return model(
    [
      node("Identity", ["x"], ["F1"]),
      node("Flatten", ["x"], ["flat"]),
      node("MatMul", ["flat", "w"], ["y1"]),
    ],
    [tensor("w", [6, 5], weights)],
    [value("x", [batch, ...dims])],
    [value("y1", [batch, 5]), value("F1", [batch, ...dims])],
  );
}

function extensionModel(dims: Dims, outputs: 2 | 3): Uint8Array {
  const ofX = new Float32Array(6 * outputs);
  ofX[4 * outputs] = 20;
  if (outputs === 3) ofX[2] = 20;
  const ofFeatures = new Float32Array(6 * outputs);
  ofFeatures[5 * outputs + 1] = 20;
  return model(
    [
      node("Flatten", ["x"], ["flatX"]),
      node("Flatten", ["F1"], ["flatF"]),
      node("MatMul", ["flatX", "wX"], ["fromX"]),
      node("MatMul", ["flatF", "wF"], ["fromF"]),
      node("Add", ["fromX", "fromF"], ["y2"]),
    ],
    [tensor("wX", [6, outputs], ofX), tensor("wF", [6, outputs], ofFeatures)],
    [value("x", ["N", ...dims]), value("F1", ["N", ...dims])],
    [value("y2", ["N", outputs])],
  );
}

// What of ONNX's protobuf these two need (onnx.proto3, field numbers in brackets).

type Dims = readonly (number | string)[];

function model(nodes: Buffer[], tensors: Buffer[], inputs: Buffer[], outputs: Buffer[]): Uint8Array {
  const graph = Buffer.concat([
    ...nodes.map((bytes) => field(1, bytes)),
    field(2, "test"),
    ...tensors.map((bytes) => field(5, bytes)),
    ...inputs.map((bytes) => field(11, bytes)),
    ...outputs.map((bytes) => field(12, bytes)),
  ]);
  const opset = varint(2, 17);
  return Buffer.concat([varint(1, 8), field(7, graph), field(8, opset)]);
}

function node(op: string, inputs: string[], outputs: string[]): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, op),
  ]);
}

function tensor(name: string, dims: number[], data: Float32Array): Buffer {
  const raw = Buffer.from(data.buffer);
  return Buffer.concat([...dims.map((dim) => varint(1, dim)), varint(2, 1), field(8, name), field(9, raw)]);
}

function value(name: string, dims: Dims): Buffer {
  const shape = dims.map((dim) => field(1, typeof dim === "number" ? varint(1, dim) : field(2, dim)));
  const tensorType = Buffer.concat([varint(1, 1), field(2, Buffer.concat(shape))]);
  return Buffer.concat([field(1, name), field(2, field(1, tensorType))]);
}

function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), lengthOf(bytes.length), bytes]);
}

function varint(number: number, content: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), lengthOf(content)]);
}

function lengthOf(content: number): Buffer {
  const bytes: number[] = [];
  let rest = content;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
