import type { ComputeMeter } from "@meanet/energy";
import { decodeFrame } from "@meanet/image";
import { entropy, imageInputOf, softmax, toTensor } from "@meanet/models";
import { imageFormat, type RefusalReason } from "@meanet/protocol";
import { isMeanetError, MeanetError } from "@meanet/runtime";
import { defer, type Observable } from "rxjs";
import type { Config } from "./config.ts";
import type { ServedModel } from "./served-model.ts";
import type { Decoded, ExtensionResult, Frame, MainResult, Refused, Settled } from "./stages.ts";

/** What the pipeline cannot decode by its nature, as against by accident. */
class Unsupported extends Error {}

/** Frames into inputs of the model in force; each holds that model until it leaves. */
export function decodePort(
  limits: Config["limits"],
  model: () => ServedModel,
  now: () => number,
): (frame: Frame) => Observable<Decoded> {
  const bounds = { maxBytes: limits.frameBytes, maxPixels: limits.framePixels };
  return (frame) =>
    defer(async () => {
      const { kind, payload } = frame;
      const { manifest } = model();
      if (payload.byteLength > limits.frameBytes) {
        throw new MeanetError(
          "IMAGE_TOO_LARGE",
          `${payload.byteLength} bytes, at most ${limits.frameBytes} allowed: send it smaller`,
        );
      }
      if (kind === "window") {
        throw new Unsupported(`${manifest.name} takes pictures, not sensor windows`);
      }
      const input = imageInputOf(manifest, "the edge node");
      const format = imageFormat(payload) ?? "raw";
      const held = model().retain();
      try {
        const values = await decodeFrame(payload, { format, shape: input.shape, limits: bounds });
        return {
          stage: "decoded" as const,
          frame,
          format: values instanceof Float32Array ? ("raw" as const) : format,
          model: held,
          tensor: values instanceof Float32Array ? values : toTensor(values, input),
          decodedMs: now(),
        };
      } catch (error) {
        held.release();
        throw error;
      }
    });
}

/** What an error of decoding tells the sender. */
export function refuseFrame(frame: Frame, error: unknown): Refused {
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 512);
  return { stage: "refused", frame, reason: reasonOf(error), detail };
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof Unsupported || isMeanetError(error, "INPUT_KIND_UNSUPPORTED")) return "unsupported";
  if (isMeanetError(error, "IMAGE_TOO_LARGE")) return "too-large";
  if (isMeanetError(error, "WRONG_SIZE")) return "wrong-size";
  return "undecodable";
}

/** Runs main on a batch; frames of two bundles, while one replaces the other, run apart. */
export function mainPort(meter: ComputeMeter) {
  return byModel(async (model, items: readonly Decoded[]): Promise<(MainResult | Error)[]> => {
    const macs = items.length * model.macs.main;
    const [run, joules] = await metered(meter, macs, () => model.runMain(items.map(({ tensor }) => tensor)));
    return items.map((_, index) =>
      attempt(() => {
        const p1 = softmax(run.y1[index]!);
        return {
          p1,
          entropy: entropy(p1),
          features: run.features[index]!,
          computeMs: run.computeMs / items.length,
          energyJ: joules / items.length,
        };
      }),
    );
  });
}

/** Runs adaptive and extension block on a batch. */
export function extensionPort(meter: ComputeMeter) {
  return byModel(async (model, items: readonly Settled[]): Promise<(ExtensionResult | Error)[]> => {
    const macs = items.length * model.macs.extension;
    const [run, joules] = await metered(meter, macs, () =>
      model.runExtension(
        items.map(({ tensor }) => tensor),
        items.map(({ features }) => features),
      ),
    );
    return items.map((_, index) =>
      attempt(() => {
        const p2 = softmax(run.y2[index]!);
        // Throws when the logits were no numbers.
        entropy(p2);
        return { p2, computeMs: run.computeMs / items.length, energyJ: joules / items.length };
      }),
    );
  });
}

type Run<T, R> = (model: ServedModel, items: readonly T[]) => Promise<(R | Error)[]>;

/** Runs a batch model by model; a run that fails gives its error to each of its frames, and to no other. */
function byModel<T extends { readonly model: ServedModel }, R>(run: Run<T, R>) {
  return (batch: readonly T[]): Observable<readonly (R | Error)[]> =>
    defer(async () => {
      const results = new Map<T, R | Error>();
      await Promise.all(
        Array.from(
          Map.groupBy(batch, ({ model }) => model),
          async ([model, items]) => {
            const outcomes = await run(model, items).catch((error: unknown) =>
              items.map(() => asError(error)),
            );
            for (const [index, item] of items.entries()) results.set(item, outcomes[index]!);
          },
        ),
      );
      return batch.map((item) => results.get(item)!);
    });
}

/** A failed run has used its joules too: they stay in the node's counter, and in no verdict. */
async function metered<R>(meter: ComputeMeter, macs: number, run: () => Promise<R>): Promise<[R, number]> {
  const end = meter.begin(macs);
  try {
    const result = await run();
    return [result, end()];
  } catch (error) {
    end();
    throw error;
  }
}

function attempt<R>(work: () => R): R | Error {
  try {
    return work();
  } catch (error) {
    return asError(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
