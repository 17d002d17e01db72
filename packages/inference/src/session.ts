/**
 * A blocking ONNX Runtime session, the only file that knows the native binding.
 *
 * `openSession` and `run` occupy the calling thread while the model loads or runs, whatever their promises suggest:
 * call them inside a `worker_threads` worker only. Processes use {@link openEngine}, which owns such a worker.
 */
import { MeanetError, reasonOf } from "@meanet/runtime/error";
import { env, InferenceSession, Tensor } from "onnxruntime-node";

export { Tensor };

/** Where a model runs. `cpu` is always there; `webgpu` needs Vulkan, `cuda` its library beside the native binding. */
export const providers = ["cuda", "webgpu", "cpu"] as const;
export type Provider = (typeof providers)[number];

export interface SessionOptions {
  /** In order of preference; the first that starts is used. Default `["cpu"]`. */
  readonly providers?: readonly Provider[];
  /** Intra-op threads, ≥ 1. Default 1. */
  readonly threads?: number;
  /** Whether idle intra-op threads spin: faster by microseconds, about 28 ms of CPU after each run. Default false. */
  readonly spinning?: boolean;
  /** Whether freed memory is kept for the next run. `false` costs up to 20 % of speed and saves 40 % or more. Default true. */
  readonly memArena?: boolean;
  /**
   * Whether the second run allocates one block for all it needs, planned from the first. Together with what the arena keeps from the first
   * run that is twice the memory: `false` for training steps. Default true.
   */
  readonly memPattern?: boolean;
}

/** An input or output of a model. A dimension is a number, or the name of one that varies (such as the batch). */
export interface ValueInfo {
  readonly name: string;
  /** ONNX element type as ONNX Runtime spells it: `float32`, `int64`, `int32`, `uint8`, … */
  readonly type: Tensor.Type;
  readonly shape: readonly (number | string)[];
}

/** A preferred provider that did not start. */
export interface ProviderRefusal {
  readonly provider: Provider;
  readonly reason: string;
}

export interface Session {
  readonly provider: Provider;
  /** The providers preferred to `provider` that did not start, in order. */
  readonly refusals: readonly ProviderRefusal[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the model once; blocks the thread until the answer is there.
   *
   * @param feeds - one tensor per input name
   * @param fetches - tensors to write outputs into, by output name. Each is written in place: read the buffer you made it
   * from, not the tensor returned. With fetches given, only those outputs are computed.
   * @throws {MeanetError} INFERENCE_FAILED
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>>;
  /** Frees the native session. Further runs fail. */
  close(): Promise<void>;
}

/**
 * Opens a model on the first wished provider that starts.
 *
 * Opening again and again in one thread leaks native memory (onnxruntime #25325): to swap a model, replace its thread.
 *
 * @param model - ONNX bytes, or the path of a file
 * @throws {MeanetError} MODEL_INVALID, PROVIDER_UNAVAILABLE
 */
export async function openSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  // Failures arrive as errors; the native log on stderr would repeat them, unstructured.
  env.logLevel = "fatal";
  const wishes = options.providers ?? ["cpu"];
  const refusals: ProviderRefusal[] = [];
  let lastError: unknown;
  for (const provider of wishes) {
    try {
      const native = await create(model, provider, options);
      return session(native, provider, refusals);
    } catch (error) {
      lastError = error;
      refusals.push({ provider, reason: reasonOf(error) });
    }
  }
  throw await explain(model, wishes, refusals, lastError);
}

function create(model: Uint8Array | string, provider: Provider, options: SessionOptions) {
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    enableCpuMemArena: options.memArena ?? true,
    enableMemPattern: options.memPattern ?? true,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: options.spinning === true ? "1" : "0" } } },
  };
  return typeof model === "string"
    ? InferenceSession.create(model, sessionOptions)
    : InferenceSession.create(model, sessionOptions);
}

/** Tells a damaged model from a missing provider: if `cpu` cannot open it either, the model is at fault. */
async function explain(
  model: Uint8Array | string,
  wishes: readonly Provider[],
  refusals: readonly ProviderRefusal[],
  cause: unknown,
): Promise<MeanetError> {
  let modelError: unknown = wishes.includes("cpu") ? cause : undefined;
  if (modelError === undefined) {
    try {
      await (await create(model, "cpu", {})).release();
    } catch (error) {
      modelError = error;
    }
  }
  if (modelError !== undefined) {
    const what = typeof model === "string" ? model : `${model.byteLength} bytes`;
    return new MeanetError(
      "MODEL_INVALID",
      `${what}: expected an ONNX model, ONNX Runtime says: ${reasonOf(modelError)}`,
      { model: what, refusals },
      { cause: modelError },
    );
  }
  return new MeanetError(
    "PROVIDER_UNAVAILABLE",
    `no provider of [${wishes.join(", ")}] starts here (${refusals.map((r) => `${r.provider}: ${r.reason}`).join("; ")}); add "cpu"`,
    { wishes, refusals },
    { cause },
  );
}

function session(
  native: InferenceSession,
  provider: Provider,
  refusals: readonly ProviderRefusal[],
): Session {
  return {
    provider,
    refusals,
    inputs: native.inputMetadata.map(valueInfo),
    outputs: native.outputMetadata.map(valueInfo),
    inputNames: native.inputNames,
    outputNames: native.outputNames,
    async run(feeds, fetches) {
      try {
        const outputs = await (fetches === undefined ? native.run(feeds) : native.run(feeds, fetches));
        return outputs as Record<string, Tensor>; // every output is a tensor: valueInfo refused the others
      } catch (error) {
        throw new MeanetError(
          "INFERENCE_FAILED",
          `ONNX Runtime failed on ${provider}: ${reasonOf(error)}`,
          { provider },
          { cause: error },
        );
      }
    },
    close: () => native.release(),
  };
}

function valueInfo(value: InferenceSession.ValueMetadata): ValueInfo {
  if (!value.isTensor) {
    throw new Error(`"${value.name}" is not a tensor: sequences and maps are not supported`);
  }
  return { name: value.name, type: value.type, shape: value.shape };
}
