export {
  type Adopted,
  type AdoptedMain,
  type AdoptOptions,
  adopt,
  bytesAsTheyAre,
  type Classifier,
  type Origin,
  readClassifier,
} from "./adopt.ts";
export { featureTensor, isMap } from "./choose-tensors.ts";
export { countFile } from "./count.ts";
export { cut, rename } from "./cut.ts";
export { frameDims, type Normalisation, type PictureInput, pictureInput, takeFrames } from "./input.ts";
export { frameShapeText, inspect, type TensorFacts } from "./inspect.ts";
export { attribute, floatOf, integerOf, OnnxFile } from "./onnx-file.ts";
export { dimsOf, floatsOf, tensorProto } from "./tensor-data.ts";
