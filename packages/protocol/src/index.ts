export { bytes, type Codec, cbor, json, settingValue } from "./codec.ts";
export {
  type CloudAnswer,
  type ComplexItem,
  cloudAnswerSchema,
  complexItemSchema,
  type FrameFormat,
  frameFormats,
} from "./complex.ts";
export { imageFormat } from "./image-format.ts";
export {
  type Label,
  labelSchema,
  type NodeEnergy,
  type NodeKind,
  nodeEnergySchema,
  nodeKinds,
  type Replay,
  replaySchema,
  type Setting,
  type SettingState,
  type Stats,
  type Status,
  settingStateSchema,
  settings,
  statsSchema,
  statusSchema,
} from "./node.ts";
export { id as idSchema } from "./scalars.ts";
export { type StageName, type StageSpan, stageNames, stageSpans } from "./stage-spans.ts";
export {
  encodeOutline,
  MAX_THUMBNAIL_BYTES,
  type ThumbnailType,
  thumbnailType,
} from "./thumbnail.ts";
export { type Delivery, isId, sharedFilter, type Topic, type TopicParams, topic } from "./topic.ts";
export { DEFAULT_TOPIC_PREFIX, edgeGroup, type Topics, topicsUnder, WORKER_GROUP } from "./topics.ts";
export {
  type LabelSource,
  labelSources,
  type Training,
  type TrainingEvent,
  type TrialFigures,
  trainingEvents,
  trainingSchema,
  trainingTriggers,
} from "./training.ts";
export {
  type AnswerVerdict,
  answerVerdictSchema,
  type CloudOutcome,
  cloudOutcomes,
  type EdgeAnswer,
  type Energy,
  type Exit,
  energySchema,
  exits,
  type RefusalReason,
  type RefusalVerdict,
  type Route,
  refusalReasons,
  refusalVerdictSchema,
  routes,
  type Stages,
  stagesSchema,
  type TopClasses,
  type Verdict,
  verdictSchema,
} from "./verdict.ts";
export { decodeWindow, encodeWindow, type WindowShape } from "./window.ts";
