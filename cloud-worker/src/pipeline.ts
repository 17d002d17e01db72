import { connect, filter, map, merge, type OperatorFunction, pipe } from "rxjs";
import { type AdmitOptions, admit } from "./operators/admit.ts";
import { type DecodeOptions, decode } from "./operators/decode.ts";
import { type InferOptions, infer } from "./operators/infer.ts";
import { type JoinCopiesOptions, joinCopies } from "./operators/join-copies.ts";
import { type Asked, type Decoded, type Failed, fail, type Settled } from "./stages.ts";

/** The way through one bundle. */
export interface WorkOptions {
  readonly admit: AdmitOptions;
  readonly decode: DecodeOptions;
  readonly infer: InferOptions;
}

export interface PipelineOptions {
  readonly copies: JoinCopiesOptions;
  /** By name and version of the bundles in work, `fashion-mnist@1.0.0`. */
  readonly models: ReadonlyMap<string, WorkOptions>;
}

/**
 * The way of a complex item, from its arrival to what is answered.
 *
 *     joinCopies ┬ another model's ── MODEL_MISMATCH ─────────────────┐
 *                └ admit ─ decode ─ infer ────────────────────────────┴ answered or failed
 *                    │        └ no frame of this model: WRONG_SIZE, IMAGE_…
 *                    └ OVERLOAD, DEADLINE
 *
 * Each bundle has queue, places and batches of its own. Each item leaves exactly once. Effects arrive as functions: nothing in here logs, reads a clock or knows MQTT.
 */
export function pipeline({ copies, models }: PipelineOptions): OperatorFunction<Asked, Settled> {
  return joinCopies(
    copies,
    connect((shared) =>
      merge(
        ...Array.from(models, ([name, options]) =>
          shared.pipe(
            filter(({ item }) => item.model === name),
            admit(options.admit, work(options)),
          ),
        ),
        shared.pipe(
          filter(({ item }) => !models.has(item.model)),
          map((asked) => mismatch(asked, [...models.keys()])),
        ),
      ),
    ),
  );
}

function work(options: WorkOptions): OperatorFunction<Asked, Settled> {
  return pipe(
    decode(options.decode),
    connect((shared) =>
      merge(
        shared.pipe(filter(isDecoded), infer(options.infer)),
        shared.pipe(filter((item): item is Failed => !isDecoded(item))),
      ),
    ),
  );
}

function isDecoded(item: Decoded | Failed): item is Decoded {
  return item.stage === "decoded";
}

function mismatch(asked: Asked, models: readonly string[]): Failed {
  return fail(
    asked,
    "MODEL_MISMATCH",
    `this worker runs ${models.join(", ")}, the item is for ${asked.item.model}`,
  );
}
