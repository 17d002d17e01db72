import { type Engine, type EngineEvent, openEngine, stack, unstack } from "@meanet/inference";
import { type Bundle, elementCount, inputDims, loadBundle, resolveBundle, softmax } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import type { Config } from "./config.ts";
import type { TopClasses } from "./stages.ts";

/** Classes of an answer, by its schema. */
const MAX_CLASSES = 5;

export interface CloudRun {
  /** Logits over all classes, shape [C], by item. */
  readonly logits: readonly Float32Array[];
  /** Milliseconds of the engine for the whole batch. */
  readonly computeMs: number;
}

/** The cloud network of a bundle in its engine. */
export class CloudModel {
  /** Name and version, `fashion-mnist@1.0.0`. */
  readonly name: string;
  readonly manifest: Bundle["manifest"];
  /** Multiply-accumulates of one item. */
  readonly macs: number;
  readonly #engine: Engine;

  private constructor(manifest: Bundle["manifest"], macs: number, engine: Engine) {
    this.manifest = manifest;
    this.macs = macs;
    this.name = `${manifest.name}@${manifest.version}`;
    this.#engine = engine;
  }

  /**
   * Loads a bundle, opens its cloud network on the first provider that starts, and sends a grey frame through it.
   *
   * @throws {MeanetError} BUNDLE_… or MODEL_… when it cannot serve; PROVIDER_UNAVAILABLE
   */
  static async open(
    nameOrFolder: string,
    config: Config["engine"],
    onEvent: (event: EngineEvent) => void,
  ): Promise<CloudModel> {
    const { manifest, files } = await loadBundle(await resolveBundle(nameOrFolder));
    const { cloud: block } = manifest.blocks;
    if (files.cloud === undefined || block === undefined) {
      throw new MeanetError(
        "BUNDLE_INVALID",
        `bundle ${nameOrFolder} is for edges alone: it has no cloud.onnx; choose another for the worker, or start none: meanet up --workers 0 --policy edge-only`,
        { bundle: nameOrFolder },
      );
    }
    const engine = await openEngine({
      name: `${manifest.name}/cloud`,
      model: files.cloud,
      anyBatch: true,
      providers: config.providers,
      threads: config.threads,
      onEvent,
    });
    const model = new CloudModel(manifest, block.macs, engine);
    try {
      await model.#rehearse();
    } catch (error) {
      await engine.close();
      throw error;
    }
    return model;
  }

  get provider(): Engine["provider"] {
    return this.#engine.provider;
  }

  /** @param tensors - normalised, shape [C, H, W] each, windows [C, 1, T] */
  async run(tensors: readonly Float32Array[]): Promise<CloudRun> {
    const { outputs, computeMs } = await this.#engine.run({
      x: stack(tensors, inputDims(this.manifest.input)),
    });
    const { y } = outputs;
    if (y === undefined) {
      throw new MeanetError("BUNDLE_INVALID", `cloud.onnx of ${this.name} gives no y`, { model: this.name });
    }
    return { logits: unstack(y), computeMs };
  }

  /** The most probable classes of one item's logits. @throws {MeanetError} INFERENCE_FAILED when they are no numbers */
  topClasses(logits: Float32Array): TopClasses {
    if (!logits.every(Number.isFinite)) {
      throw new MeanetError("INFERENCE_FAILED", "the model makes no numbers of this frame", {
        model: this.name,
      });
    }
    return [...softmax(logits)]
      .map((probability, classIndex) => ({
        classIndex,
        label: this.manifest.classes[classIndex]!,
        probability,
      }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, MAX_CLASSES);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #rehearse(): Promise<void> {
    const { input, classes } = this.manifest;
    const grey = new Float32Array(elementCount(inputDims(input)));
    const { logits } = await this.run([grey]);
    if (logits[0]!.length !== classes.length) {
      throw new MeanetError(
        "BUNDLE_INVALID",
        `cloud.onnx of ${this.name} answers ${logits[0]!.length} classes, the manifest has ${classes.length}`,
        { model: this.name },
      );
    }
  }
}
