/**
 * `golden.json`: a few frames and what each model of the bundle answered where it was made. Who runs the bundle elsewhere,
 * or on another provider, compares with it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openEngine, type TensorView, type TensorViews } from "@meanet/inference";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { type Bundle, type BundlePart, bundleParts } from "./bundle.ts";

const floats = z
  .strictObject({
    dims: z.array(z.int().positive()).readonly(),
    /** float32 little-endian. */
    base64: z.base64(),
  })
  .readonly();

const goldenSchema = z.strictObject({
  schema: z.literal(1),
  /** Greatest |value - reference| / max(1, |reference|) that counts as the same answer. */
  tolerance: z.number().positive(),
  cases: z.partialRecord(
    z.enum(bundleParts),
    z.strictObject({ inputs: z.record(z.string(), floats), outputs: z.record(z.string(), floats) }),
  ),
});

/** Inputs and reference outputs of each model of a bundle. */
export type Golden = z.infer<typeof goldenSchema>;

const TOLERANCE = 1e-3;

/** Runs each model on normalised frames `x`, shape [n, C, H, W], and keeps what it answers. */
export async function makeGolden(
  files: Bundle["files"],
  x: TensorView,
  tolerance: number = TOLERANCE,
): Promise<Golden> {
  const main = await runOnce(files.main, { x });
  const extensionInputs = { x, F1: main.F1! };
  const cases: Golden["cases"] = {
    main: encodeCase({ x }, main),
    extension: encodeCase(extensionInputs, await runOnce(files.extension, extensionInputs)),
  };
  if (files.cloud !== undefined) {
    cases.cloud = encodeCase({ x }, await runOnce(files.cloud, { x }));
  }
  return { schema: 1, tolerance, cases };
}

/** @throws {MeanetError} BUNDLE_INVALID */
export async function readGolden(dir: string): Promise<Golden> {
  const path = join(dir, "golden.json");
  try {
    return goldenSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new MeanetError(
      "BUNDLE_INVALID",
      `${path} cannot be read, or is not of its schema`,
      { path },
      { cause },
    );
  }
}

/** The greatest error of each model against its reference, relative to `max(1, |reference|)`. */
export async function goldenErrors(
  files: Bundle["files"],
  golden: Golden,
): Promise<Partial<Record<BundlePart, number>>> {
  const errors: Partial<Record<BundlePart, number>> = {};
  for (const part of bundleParts) {
    const reference = golden.cases[part];
    const model = files[part];
    if (reference === undefined || model === undefined) {
      continue;
    }
    const outputs = await runOnce(model, decodeAll(reference.inputs));
    errors[part] = Math.max(
      ...Object.entries(decodeAll(reference.outputs)).map(([name, expected]) =>
        greatestError(outputs[name], expected),
      ),
    );
  }
  return errors;
}

/** Runs a model once, in an engine of its own; the feeds stay whole. */
export async function runOnce(model: Uint8Array, feeds: TensorViews): Promise<TensorViews> {
  const engine = await openEngine({ name: "golden", model, anyBatch: true });
  try {
    // A run takes its feeds away; these are needed again.
    const copies = Object.entries(feeds).map(
      ([name, { data, dims }]) => [name, { data: data.slice(), dims }] as const,
    );
    return (await engine.run(Object.fromEntries(copies))).outputs;
  } finally {
    await engine.close();
  }
}

function greatestError(actual: TensorView | undefined, expected: TensorView): number {
  if (actual === undefined || actual.dims.join() !== expected.dims.join()) {
    return Number.POSITIVE_INFINITY;
  }
  let greatest = 0;
  for (const [index, reference] of Array.from(expected.data, Number).entries()) {
    const error = Math.abs(Number(actual.data[index]) - reference) / Math.max(1, Math.abs(reference));
    // NaN counts as the greatest error there is.
    greatest = error <= greatest ? greatest : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return greatest;
}

function encodeCase(inputs: TensorViews, outputs: TensorViews) {
  return { inputs: encodeAll(inputs), outputs: encodeAll(outputs) };
}

function encodeAll(views: TensorViews): Record<string, z.infer<typeof floats>> {
  return Object.fromEntries(
    Object.entries(views).map(([name, { data, dims }]) => [
      name,
      {
        dims: [...dims],
        base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
      },
    ]),
  );
}

function decodeAll(entries: Record<string, z.infer<typeof floats>>): Record<string, TensorView> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { dims, base64 }]) => {
      const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
      return [name, { data: new Float32Array(bytes.buffer), dims }];
    }),
  );
}
