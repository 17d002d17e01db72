import type { ComputeMeter } from "@meanet/energy";
import { decodeFrame, type ImageLimits } from "@meanet/image";
import { entropy, type ModelInput, softmax, toTensor, windowTensor } from "@meanet/models";
import { decodeWindow, imageFormat, type RefusalReason } from "@meanet/protocol";
import { isMeanetError, MeanetError, reasonOf } from "@meanet/runtime";
import { defer, type Observable } from "rxjs";
import type { Config } from "./config.ts";
import type { DecodingWatch } from "./decoding-watch.ts";
import { type InputKind, inputNames } from "./input-kind.ts";
import type { ServedModel } from "./model/served-model.ts";
import type { Decoded, ExtensionResult, Frame, MainResult, Refused, Settled } from "./stages.ts";

/** Turns frames into inputs of the model in force for their kind; a frame retains that model until it leaves. */
export function decodePort(
  limits: Config["limits"],
  model: (kind: InputKind) => ServedModel | undefined,
  now: () => number,
  watch: Pick<DecodingWatch, "decode">,
): (frame: Frame) => Observable<Decoded> {
  const bounds = { maxBytes: limits.frameBytes, maxPixels: limits.framePixels };
  return (frame) =>
    defer(async () => {
      const decodingMs = now();
      const { kind, payload } = frame;
      if (payload.byteLength > limits.frameBytes) {
        throw new MeanetError(
          "IMAGE_TOO_LARGE",
          `${payload.byteLength} bytes, at most ${limits.frameBytes} allowed: send it smaller`,
        );
      }
      const held = model(kind)?.retain();
      if (held === undefined) {
        throw new MeanetError(
          "INPUT_KIND_UNSUPPORTED",
          `no bundle here takes ${inputNames[kind]}: name one in "models" of this edge node, or publish it to set/model`,
        );
      }
      try {
        const input = await readInput(payload, held.manifest.input, bounds, watch);
        return { stage: "decoded" as const, frame, ...input, model: held, decodingMs, decodedMs: now() };
      } catch (error) {
        held.release();
        throw error;
      }
    });
}

async function readInput(
  payload: Uint8Array,
  input: ModelInput,
  limits: ImageLimits,
  watch: Pick<DecodingWatch, "decode">,
): Promise<Pick<Decoded, "format" | "tensor">> {
  if (input.kind === "window") {
    return { format: "window", tensor: windowTensor(decodeWindow(payload, input.shape), input) };
  }
  const format = imageFormat(payload) ?? "raw";
  const decode = () => decodeFrame(payload, { format, shape: input.shape, limits });
  const values = await (format === "raw" ? decode() : watch.decode(payload, decode));
  return values instanceof Float32Array
    ? { format: "raw", tensor: values }
    : { format, tensor: toTensor(values, input) };
}

/** The refusal that tells the sender what was wrong. */
export function refuseFrame(frame: Frame, error: unknown): Refused {
  const detail = reasonOf(error).slice(0, 512);
  return { stage: "refused", frame, reason: refusalReason(error), detail };
}

function refusalReason(error: unknown): RefusalReason {
  if (isMeanetError(error, "INPUT_KIND_UNSUPPORTED")) return "unsupported";
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
        // Throws when the logits are not finite.
        entropy(p2);
        return { p2, computeMs: run.computeMs / items.length, energyJ: joules / items.length };
      }),
    );
  });
}

type Run<T, R> = (model: ServedModel, items: readonly T[]) => Promise<(R | Error)[]>;

/** Runs a batch model by model; a run that fails gives its error to its own frames only. */
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

/** A failed run used its joules too: they count for the node, and in no verdict. */
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
