import type { ComputeMeter } from "@meanet/energy";
import { decodeFrame } from "@meanet/image";
import { toTensor, windowTensor } from "@meanet/models";
import { decodeWindow } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { defer, type Observable } from "rxjs";
import type { CloudModel } from "./cloud-model.ts";
import type { Config } from "./config.ts";
import type { Asked, Decoded, Inference } from "./stages.ts";

/**
 * Frames and windows as they came into inputs of the model. Fails with WRONG_SIZE, IMAGE_TOO_LARGE, IMAGE_UNDECODABLE,
 * PAYLOAD_INVALID, INPUT_KIND_UNSUPPORTED.
 */
export function decodePort({ name, manifest }: CloudModel, limits: Config["limits"]) {
  const { input } = manifest;
  const bounds = { maxBytes: limits.frameBytes, maxPixels: limits.framePixels };
  return ({ item: { frame, format } }: Asked): Observable<Float32Array> =>
    defer(async () => {
      if (input.kind === "window" && format === "window") {
        return windowTensor(decodeWindow(frame, input.shape), input);
      }
      if (input.kind === "window" || format === "window") {
        throw new MeanetError(
          "INPUT_KIND_UNSUPPORTED",
          `${name} takes each ${input.kind}, the item is ${format}`,
          {
            model: name,
            format,
          },
        );
      }
      const values = await decodeFrame(frame, { format, shape: input.shape, limits: bounds });
      return values instanceof Float32Array ? values : toTensor(values, input);
    });
}

/** Runs a batch and cuts its time and joules into equal shares: every item takes the same operations. */
export function inferPort(
  model: CloudModel,
  meter: ComputeMeter,
  onBatch: (size: number, computeMs: number) => void,
) {
  return (batch: readonly Decoded[]): Observable<readonly (Inference | Error)[]> =>
    defer(async () => {
      const end = meter.begin(batch.length * model.macs);
      let joules = 0;
      const run = await model.run(batch.map(({ tensor }) => tensor)).finally(() => {
        joules = end();
      });
      onBatch(batch.length, run.computeMs);
      const share = { computeMs: run.computeMs / batch.length, energyJ: joules / batch.length };
      return run.logits.map((logits) => {
        try {
          return { ...share, classes: model.topClasses(logits) };
        } catch (error) {
          return error as Error;
        }
      });
    });
}
