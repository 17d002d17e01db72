export { type Adaptation, startAdaptation } from "./adaptation/adaptation.ts";
export { type Margins, objection } from "./adaptation/judgement.ts";
export { extensionPart, learnableExtension } from "./adaptation/learnable.ts";
export { itemsThatFit } from "./adaptation/memory.ts";
export type {
  AdaptationRecipe,
  AdaptationResult,
  AdaptationStep,
  AdaptationTask,
  Comparison,
  StoredItems,
} from "./adaptation/task.ts";
export {
  type Bundle,
  type BundleContent,
  type BundlePart,
  bundleParts,
  loadBundle,
  writeBundle,
} from "./bundle/bundle.ts";
export { type Golden, goldenErrors, readGolden } from "./bundle/golden.ts";
export {
  type ImageInput,
  imageInputOf,
  inputDims,
  type Manifest,
  type ModelInput,
  manifestSchema,
  readManifest,
  type WindowInput,
} from "./bundle/manifest.ts";
export { requireBundlePlace } from "./bundle/place.ts";
export {
  addReference,
  drawReference,
  encodeReference,
  type LabelledTensors,
  type RawFrames,
  readReference,
  referencePerClass,
} from "./bundle/reference.ts";
export { toPlanes, toTensor, windowTensor } from "./bundle/tensor.ts";
export { listBundles, resolveBundle, zooFolder, zooPath } from "./bundle/zoo.ts";
export { type ClassMix, drawMix } from "./data/class-mix.ts";
export { type Corruption, corrupt, lowLight } from "./data/corruption.ts";
export type {
  Dataset,
  LabelledFrames,
  LabelledImages,
  LabelledWindows,
  OfficialSplit,
  OpenDatasetOptions,
} from "./data/dataset.ts";
export { pictureFiles } from "./data/image-folder.ts";
export { datasetNameOf, datasetNames, openDataset } from "./data/open-dataset.ts";
export { elementCount } from "./element-count.ts";
export type { CurvePoint } from "./evaluation/curve.ts";
export { type EvaluateOptions, type Evaluation, evaluate } from "./evaluation/evaluate.ts";
export { type EvaluationSplit, evaluationSplits, openFrames } from "./evaluation/frames.ts";
export type { MeasuringProgress } from "./evaluation/measuring.ts";
export { type RuleAccuracies, type RuleName, ruleNames } from "./evaluation/rules.ts";
export { saveEvaluation } from "./evaluation/save.ts";
export type { Accuracy } from "./evaluation/score.ts";
export { evaluateTable } from "./evaluation/table.ts";
export {
  averageStatistics,
  type BatchOptions,
  type BuiltModel,
  buildGradient,
  buildInference,
  buildStatistics,
  buildTrainingStep,
  type Distillation,
  type LossOptions,
  type Part,
  readTrainedValues,
  type TrainedValues,
  type TrainingMemory,
  type TrainingOptions,
  trainingMemory,
} from "./graph/index.ts";
export { machine } from "./machine.ts";
export {
  type BlockCount,
  type ClassifierSpec,
  classifierPart,
  classifierSpecSchema,
  count,
  initialise,
  jointPart,
  type MeanetParts,
  type MeanetSpec,
  meanetParts,
  meanetSpecSchema,
} from "./networks/index.ts";
export { type Classifier, frameShapeText, isMap, type TensorFacts } from "./onnx-file/index.ts";
export type { QuantizeProgress } from "./quantization/progress.ts";
export type { Quantization } from "./quantization/provenance.ts";
export { type QuantizeOptions, quantizeBundle } from "./quantization/quantize-bundle.ts";
export { calibrateModel, type QuantizedModel, quantizeModel } from "./quantization/quantize-model.ts";
export { quantizationTable } from "./quantization/report.ts";
export { keptEnds, rangeMethods, type Variant } from "./quantization/variants.ts";
export {
  argmax,
  calledHard,
  type Decision,
  type DecisionRule,
  type DecisionSettings,
  decide,
  decisionOf,
  decisionRules,
  type EdgeExit,
  entropy,
  type Route,
  route,
  softmax,
  type Temperatures,
} from "./routing.ts";
export { checkpointUnwritable } from "./training/checkpoint.ts";
export { openClassifier } from "./training/imported.ts";
export { type MainRecipeOptions, mainRecipe } from "./training/main-recipe.ts";
export { type HeldOut, heldOutOf } from "./training/prepare.ts";
export {
  type EpochProgress,
  type PartName,
  progressLine,
  type TrainingProgress,
} from "./training/progress.ts";
export { type Random, randomAt, shuffled } from "./training/random.ts";
export { parseRecipe, type Recipe, readRecipe, recipeSchema } from "./training/recipe.ts";
export { type HeldOutSplit, holdOut } from "./training/split.ts";
export { stepSession } from "./training/step-session.ts";
export { train, trainPart } from "./training/train.ts";
export type { TrainOptions } from "./training/train-options.ts";
