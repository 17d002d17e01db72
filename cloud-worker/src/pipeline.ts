import { connect, filter, merge, mergeMap, type OperatorFunction, of, pipe } from "rxjs";
import { type AdmitOptions, admit } from "./operators/admit.ts";
import { type DecodeOptions, decode } from "./operators/decode.ts";
import { type InferOptions, infer } from "./operators/infer.ts";
import { type JoinCopiesOptions, joinCopies } from "./operators/join-copies.ts";
import { type Asked, type Decoded, type Failed, fail, type Settled } from "./stages.ts";

export interface PipelineOptions {
  /** Name and version of the bundle in work, `fashion-mnist@1.0.0`. */
  readonly model: string;
  readonly copies: JoinCopiesOptions;
  readonly admit: AdmitOptions;
  readonly decode: DecodeOptions;
  readonly infer: InferOptions;
}

/**
 * The way of a complex item, from its arrival to what is answered.
 *
 *     joinCopies ┬ another model's ── MODEL_MISMATCH ─────────────────┐
 *                └ admit ─ decode ─ infer ────────────────────────────┴ answered or failed
 *                    │        └ no frame of this model: WRONG_SIZE, IMAGE_…
 *                    └ OVERLOAD, DEADLINE
 *
 * Each item leaves exactly once. Effects arrive as functions: nothing in here logs, reads a clock or knows MQTT.
 */
export function pipeline(options: PipelineOptions): OperatorFunction<Asked, Settled> {
  const work: OperatorFunction<Asked, Settled> = pipe(
    decode(options.decode),
    connect((shared) =>
      merge(
        shared.pipe(filter(isDecoded), infer(options.infer)),
        shared.pipe(filter((item): item is Failed => !isDecoded(item))),
      ),
    ),
  );
  return joinCopies(
    options.copies,
    connect((shared) =>
      merge(
        shared.pipe(
          filter(({ item }) => item.model === options.model),
          admit(options.admit, work),
        ),
        shared.pipe(
          filter(({ item }) => item.model !== options.model),
          mergeMap((asked) => of(mismatch(asked, options.model))),
        ),
      ),
    ),
  );
}

function isDecoded(item: Decoded | Failed): item is Decoded {
  return item.stage === "decoded";
}

function mismatch(asked: Asked, model: string): Failed {
  return fail(asked, "MODEL_MISMATCH", `this worker runs ${model}, the item is for ${asked.item.model}`);
}
