export { classifierPart } from "./classifier.ts";
export { type BlockCount, count } from "./count.ts";
export { initialise } from "./initialise.ts";
export { type MeanetParts, meanetParts } from "./meanet.ts";
export {
  type BackboneSpec,
  type ClassifierSpec,
  type ClassifierSpecInput,
  classifierSpecSchema,
  type MeanetSpec,
  type MeanetSpecInput,
  meanetSpecSchema,
} from "./specs.ts";
