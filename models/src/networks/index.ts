export { specBehind } from "./behind.ts";
export { classifierPart } from "./classifier.ts";
export { type BlockCount, count, countExtension } from "./count.ts";
export { initialise } from "./initialise.ts";
export { extensionBehind, extensionOutputs, jointPart, type MeanetParts, meanetParts } from "./meanet.ts";
export {
  type ClassifierSpec,
  classifierSpecSchema,
  type MeanetSpec,
  meanetSpecSchema,
} from "./specs.ts";
