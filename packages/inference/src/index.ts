export { stack, unstack } from "./batch.ts";
export {
  type Engine,
  type EngineAnswer,
  type EngineEvent,
  type EngineOptions,
  openEngine,
} from "./engine.ts";
export { type Provider, type ProviderRefusal, providers, type ValueInfo } from "./session.ts";
export type { TensorData, TensorView, TensorViews } from "./tensor-view.ts";
