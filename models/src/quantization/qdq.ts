/**
 * Writes a plan into a model: QuantizeLinear and DequantizeLinear around each tensor of bytes, weights and biases as integers
 * behind a DequantizeLinear. ONNX Runtime fuses what lies between into its integer operators.
 *
 *     x ─Q─DQ─▶ Conv ─▶ Relu ─Q─DQ─▶ …      one pair for each tensor, whoever reads it
 *          w ─DQ─▶ ↑  ↑ ◀─DQ─ b
 */
import type { NodeProto } from "onnx-buf";
import { integerOf, type OnnxFile } from "../onnx-file/onnx-file.ts";
import { dimsOf, floatsOf, tensorProto } from "../onnx-file/tensor-data.ts";
import { type Affine, quantizeWeights } from "./affine.ts";
import type { QuantizationPlan } from "./plan.ts";

/** @param forms - of each tensor of the plan */
export function insertQdq(file: OnnxFile, plan: QuantizationPlan, forms: ReadonlyMap<string, Affine>): void {
  // Layers first: they know their inputs by the names of the plan.
  for (const layer of plan.layers) quantizeLayer(file, layer, forms.get(layer.input[0]!)!);
  const inputs = new Set(file.inputs);
  for (const name of plan.tensors) quantizeActivation(file, name, forms.get(name)!, inputs.has(name));
  file.removeUnusedConstants();
}

function quantizeActivation(file: OnnxFile, name: string, form: Affine, isInput: boolean): void {
  const scale = file.addConstant(tensorProto(`${name}/scale`, [], Float32Array.of(form.scale)));
  const zeroPoint = file.addConstant(tensorProto(`${name}/zero_point`, [], Uint8Array.of(form.zeroPoint)));
  // An input keeps its name, so its readers get another; elsewhere the maker does, so that outputs keep theirs.
  const [from, to] = isInput ? [name, `${name}/dequantized`] : [`${name}/float`, name];
  for (const node of file.nodes) {
    if (isInput) node.input = node.input.map((read) => (read === name ? to : read));
    else node.output = node.output.map((made) => (made === name ? from : made));
  }
  file.addNode("QuantizeLinear", [from, scale, zeroPoint], `${name}/quantized`);
  file.addNode("DequantizeLinear", [`${name}/quantized`, scale, zeroPoint], to);
}

function quantizeLayer(file: OnnxFile, layer: NodeProto, input: Affine): void {
  const [x, weightName, biasName] = layer.input;
  const weight = file.constants.get(weightName!)!;
  const dims = dimsOf(weight);
  const isLast =
    layer.opType === "MatMul" || (layer.opType === "Gemm" && integerOf(layer, "transB", 0) === 0);
  const channels = isLast ? dims[1]! : dims[0]!;
  const bias =
    biasName === undefined || biasName === "" ? undefined : floatsOf(file.constants.get(biasName)!);
  const floats = isLast ? transposed(floatsOf(weight), dims[0]!, channels) : floatsOf(weight);
  const quantized = quantizeWeights(floats, channels, bias, input.scale);
  const values = isLast ? transposed(quantized.values, channels, dims[0]!) : quantized.values;

  const name = `${layer.output[0]}/weight`;
  layer.input = [
    x!,
    addDequantized(file, { name, dims, values, scales: quantized.scales, axis: isLast ? 1 : 0 }),
    ...(bias === undefined
      ? []
      : [
          addDequantized(file, {
            name: `${layer.output[0]}/bias`,
            dims: [channels],
            values: quantized.bias,
            scales: quantized.scales.map((scale) => scale * input.scale),
            axis: 0,
          }),
        ]),
  ];
}

interface Integers {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Int8Array | Int32Array;
  /** Along `axis`. The zero point is 0 and left out. */
  readonly scales: Float32Array;
  readonly axis: number;
}

function addDequantized(file: OnnxFile, { name, dims, values, scales, axis }: Integers): string {
  const integers = file.addConstant(tensorProto(`${name}/quantized`, dims, values));
  const scale = file.addConstant(tensorProto(`${name}/scale`, [scales.length], scales));
  const inputs = [integers, scale];
  if (values instanceof Int8Array) {
    // ONNX Runtime fuses weights only with their zero points written out.
    inputs.push(
      file.addConstant(tensorProto(`${name}/zero_point`, [scales.length], new Int8Array(scales.length))),
    );
  }
  file.addNode("DequantizeLinear", inputs, `${name}/dequantized`, { axis });
  return `${name}/dequantized`;
}

/** @returns the matrix `rows` x `columns` turned to `columns` x `rows` */
function transposed<T extends Float32Array | Int8Array>(matrix: T, rows: number, columns: number): T {
  const turned = matrix.slice() as T;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return turned;
}
