export {
  type Adopted,
  type AdoptedMain,
  adopt,
  bytesAsTheyAre,
  type Classifier,
  readClassifier,
} from "./adopt.ts";
export { featureTensor, isMap, logitsTensor } from "./choose-tensors.ts";
export { cut } from "./cut.ts";
export { frameDims, type Normalisation } from "./input.ts";
export { frameShapeText, type TensorFacts } from "./inspect.ts";
export { OnnxFile } from "./onnx-file.ts";
