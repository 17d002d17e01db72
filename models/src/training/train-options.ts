import type { Dataset } from "../data/dataset.ts";
import type { TrainingProgress } from "./progress.ts";

/** What a training needs besides its recipe. */
export interface TrainOptions {
  /** The bundle's folder; a bundle that is there is replaced at the end. */
  readonly out: string;
  readonly data: Dataset;
  /** The folder that ONNX files of the recipe are named from. Default: the working directory. */
  readonly folder?: string | undefined;
  /** Folder of checkpoints and of `log.jsonl`. Default `.meanet/training/{name of the recipe}`. */
  readonly work?: string | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Worker threads; does not change the result. Default: as many as the recipe has shards. */
  readonly threads?: number | undefined;
}
