import {
  type Engine,
  type EngineEvent,
  openEngine,
  stack,
  type TensorView,
  unstack,
} from "@meanet/inference";
import {
  type Bundle,
  calledHard,
  decide,
  decisionOf,
  elementCount,
  inputDims,
  loadBundle,
  resolveBundle,
} from "@meanet/models";
import { isMeanetError, MeanetError } from "@meanet/runtime";
import type { Config } from "../config.ts";
import type { InputKind } from "../input-kind.ts";

export interface MainRun {
  /** Logits over all classes, shape [C], by frame. */
  readonly y1: readonly Float32Array[];
  /** F1 by frame. */
  readonly features: readonly Float32Array[];
  readonly computeMs: number;
}

export interface ExtensionRun {
  /** Logits over the hard classes, shape [H], by frame. */
  readonly y2: readonly Float32Array[];
  readonly computeMs: number;
}

/**
 * A bundle at work: one engine for main, one for adaptive and extension block.
 *
 * Each frame retains the model it was decoded for, so that a bundle that is replaced finishes the frames it began: its engines
 * close once it is retired and its last frame has left.
 */
export class ServedModel {
  /** Name and version, `fashion-mnist@1.0.0`. */
  readonly name: string;
  /** Its {@link baseName}, by which the cloud knows it. */
  readonly base: string;
  readonly manifest: Bundle["manifest"];
  readonly #main: Engine;
  readonly #extension: Engine;
  /** Of F1, one frame. Known after the first run. */
  #featureDims: readonly number[] = [];
  #frames = 0;
  #retired = false;
  #closed: Promise<void> | undefined;

  private constructor(bundle: Bundle, main: Engine, extension: Engine) {
    this.manifest = bundle.manifest;
    this.name = `${bundle.manifest.name}@${bundle.manifest.version}`;
    this.base = baseName(this.name);
    this.#main = main;
    this.#extension = extension;
  }

  /**
   * Loads a bundle, checks it, opens its engines and sends a grey frame through both.
   *
   * @throws {MeanetError} BUNDLE_… or MODEL_… when it cannot serve
   */
  static async open(
    nameOrFolder: string,
    config: Config["engine"],
    onEvent: (event: EngineEvent) => void,
  ): Promise<ServedModel> {
    const bundle = await loadBundle(await resolveBundle(nameOrFolder));
    const { name } = bundle.manifest;
    const open = (part: "main" | "extension") =>
      openEngine({
        name: `${name}/${part}`,
        model: bundle.files[part],
        anyBatch: true,
        providers: config.providers,
        threads: config.threads,
        onEvent,
      });
    const main = await open("main");
    let extension: Engine;
    try {
      extension = await open("extension");
    } catch (error) {
      await main.close();
      throw error;
    }
    const model = new ServedModel(bundle, main, extension);
    try {
      await model.#rehearse();
    } catch (error) {
      await model.retire();
      throw error;
    }
    return model;
  }

  /** The kind of input that it takes. */
  get kind(): InputKind {
    return this.manifest.input.kind;
  }

  /** sha256 of its main block, which a bundle shares with those learned from it. */
  get mainDigest(): string {
    return this.manifest.files.main.sha256;
  }

  get classes(): readonly string[] {
    return this.manifest.classes;
  }

  /** Class of each output of the extension; an output beyond them says "not hard". */
  get hardClasses(): readonly number[] {
    return this.manifest.hardClasses;
  }

  /** Multiply-accumulates of one frame: main, and adaptive and extension block together. */
  get macs(): { readonly main: number; readonly extension: number } {
    const { main, adaptive, extension } = this.manifest.blocks;
    return { main: main.macs, extension: adaptive.macs + extension.macs };
  }

  /** Of F1, one frame. */
  get featureDims(): readonly number[] {
    return this.#featureDims;
  }

  /** Batches in the engines. */
  get inFlight(): number {
    return this.#main.inFlight + this.#extension.inFlight;
  }

  /** Whether main's answer is a class that the extension knows better. */
  callsHard(p1: ArrayLike<number>): boolean {
    return calledHard(p1, this.hardClasses);
  }

  /** The edge's own answer by the rule of the bundle. */
  decide(p1: ArrayLike<number>, p2: ArrayLike<number> | undefined) {
    return decide({ p1, p2, ...decisionOf(this.manifest) });
  }

  async runMain(tensors: readonly Float32Array[]): Promise<MainRun> {
    const { outputs, computeMs } = await runTwice(this.#main, () => ({ x: this.#stackInputs(tensors) }));
    const y1 = outputs.y1;
    const features = outputs.F1;
    if (y1 === undefined || features === undefined) throw missing(this.name, "main.onnx", "y1 and F1");
    this.#featureDims = features.dims.slice(1);
    return {
      y1: unstack(y1),
      features: unstack(features),
      computeMs,
    };
  }

  async runExtension(
    tensors: readonly Float32Array[],
    features: readonly Float32Array[],
  ): Promise<ExtensionRun> {
    const { outputs, computeMs } = await runTwice(this.#extension, () => ({
      x: this.#stackInputs(tensors),
      F1: stack(features, this.#featureDims),
    }));
    const y2 = outputs.y2;
    if (y2 === undefined) throw missing(this.name, "extension.onnx", "y2");
    return { y2: unstack(y2), computeMs };
  }

  /** A frame begins to need it. */
  retain(): this {
    this.#frames += 1;
    return this;
  }

  /** A frame has left. */
  release(): void {
    this.#frames -= 1;
    if (this.#retired && this.#frames === 0) void this.#close();
  }

  /** Closes its engines once no frame needs it any more. Resolves when they are closed, or at once while frames still need it. */
  async retire(): Promise<void> {
    this.#retired = true;
    if (this.#frames === 0) await this.#close();
  }

  #close(): Promise<void> {
    this.#closed ??= Promise.all([this.#main.close(), this.#extension.close()]).then(() => undefined);
    return this.#closed;
  }

  #stackInputs(tensors: readonly Float32Array[]): TensorView {
    return stack(tensors, inputDims(this.manifest.input));
  }

  async #rehearse(): Promise<void> {
    const { input, classes, hardClasses, notHard } = this.manifest;
    const outputs = hardClasses.length + (notHard ? 1 : 0);
    const grey = new Float32Array(elementCount(inputDims(input)));
    const main = await this.runMain([grey]);
    const extension = await this.runExtension([grey], main.features);
    const [c, h] = [main.y1[0]!.length, extension.y2[0]!.length];
    if (c !== classes.length || h !== outputs) {
      throw new MeanetError(
        "BUNDLE_INVALID",
        `${this.name}: main answers ${c} classes and the extension ${h}, the manifest has ${classes.length} and ${outputs}`,
        { dir: this.name },
      );
    }
  }
}

/**
 * The original of a bundle that an edge node has learned: `fashion-mnist@1.0.0` of `fashion-mnist@1.0.0+edge-1.3`. Both have the same
 * classes and the same main.
 */
export function baseName(name: string): string {
  return name.split("+", 1)[0]!;
}

/** A batch whose engine thread died is sent once more: the thread restarts by itself, and inference has no side effects. */
async function runTwice(engine: Engine, feeds: () => Record<string, TensorView>) {
  try {
    return await engine.run(feeds());
  } catch (error) {
    if (!isMeanetError(error, "ENGINE_CRASHED")) throw error;
    return engine.run(feeds());
  }
}

function missing(model: string, file: string, outputs: string): MeanetError {
  return new MeanetError("BUNDLE_INVALID", `${file} of ${model} gives no ${outputs}`, { model, file });
}
