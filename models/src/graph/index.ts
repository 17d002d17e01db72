export { statisticCount } from "./graph.ts";
export { buildInference } from "./inference-model.ts";
export type { Part, TrainedValues } from "./part.ts";
export { readTrainedValues } from "./read-values.ts";
export { type TrainingMemory, trainingMemory } from "./training-memory.ts";
export {
  averageStatistics,
  type BatchOptions,
  type BuiltModel,
  buildGradient,
  buildStatistics,
  buildTrainingStep,
  type Distillation,
  type LossOptions,
  type TrainingOptions,
} from "./training-step.ts";
