import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ErrorCode, isMeanetError } from "@meanet/runtime";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { ImageInput } from "../bundle/manifest.ts";
import { toTensor } from "../bundle/tensor.ts";
import { openDataset } from "../data/open-dataset.ts";
import { softmax } from "../routing.ts";
import { type AdoptOptions, adopt, bytesAsTheyAre, readClassifier } from "./adopt.ts";
import { answer, close, edited, sample, samples } from "./adopt-for-tests.ts";
import { setFrames } from "./input.ts";
import { OnnxFile } from "./onnx-file.ts";
import { tensorProto } from "./tensor-data.ts";

const own = { mean: [0.286], std: [0.353] };
const input: ImageInput = { kind: "image", shape: [1, 28, 28], ...own };

type Changes = Partial<Omit<AdoptOptions, "as">>;

describe("a classifier that PyTorch exported", () => {
  /** Three frames as bytes. */
  let planes: Uint8Array;
  let options: AdoptOptions & { readonly as: "y1" };

  before(async () => {
    const data = await openDataset("fashion-mnist", { from: join(samples, "fashion-mnist") });
    planes = Uint8Array.from((await data.read("test")).images.subarray(0, 3 * 784));
    options = {
      features: "/stage3/stage3.2/Relu_output_0",
      as: "y1",
      frames: input,
      classes: 10,
      examples: toTensor(planes, input),
    };
  });

  const adopted = async (bytes: Uint8Array, changes: Changes = {}) =>
    adopt(await readClassifier(bytes, "model.onnx"), { ...options, ...changes });
  const frames = (from: ImageInput = input) => ({
    x: { data: toTensor(planes, from), dims: [3, ...from.shape] },
  });

  it("answers as before under the bundle's names, for any batch, and gives its features", async () => {
    const bytes = await sample("model.onnx");
    const { onnx, batch, features } = await adopted(bytes);
    const { y1, F1 } = await answer(onnx, frames());
    const { scores } = await answer(bytes, { image: frames().x });
    close(y1!.data, scores!.data, 1e-5);
    assert.deepEqual([batch, features, F1!.dims], [undefined, [48, 7, 7], [3, 48, 7, 7]]);
  });

  it("is counted by its graph: a 5x5 convolution of 28x28, two of half the side each, one linear layer", async () => {
    const { count } = await adopted(await sample("model.onnx"));
    const weights = [25 * 16, 25 * 16 * 32, 25 * 32 * 48] as const;
    const linear = 48 * 10;
    // Batch normalisation was folded into a bias per channel by the exporter.
    assert.equal(count.parameters, weights[0] + weights[1] + weights[2] + 16 + 32 + 48 + linear + 10);
    assert.equal(count.macs, weights[0] * 784 + weights[1] * 196 + weights[2] * 49 + linear);
  });

  it("made for a batch of one takes any, where its graph writes that batch into a Reshape", async () => {
    const bytes = await sample("fixed-batch.onnx");
    const { onnx, batch } = await adopted(bytes);
    assert.equal(batch, undefined);
    const { y1 } = await answer(onnx, frames());
    const { scores } = await answer(bytes, { image: frames().x });
    close(y1!.data, scores!.data, 1e-5);
  });

  it("keeps a batch of one where the graph computes it out of sight, and says so", async () => {
    const bytes = await edited("fixed-batch.onnx", (file) => {
      const reshape = file.nodes.find(({ opType }) => opType === "Reshape")!;
      file.addNode("Identity", [reshape.input[1]!], "hidden");
      reshape.input[1] = "hidden";
    });
    const { onnx, batch } = await adopted(bytes);
    assert.equal(batch, 1);
    const { y1, F1 } = await answer(onnx, frames());
    assert.deepEqual(
      [y1!.dims, F1!.dims],
      [
        [3, 10],
        [3, 8, 7, 7],
      ],
    );
  });

  it("is cut before a softmax at its end", async () => {
    const bytes = await sample("softmax.onnx");
    const { onnx, origin } = await adopted(bytes, { features: "/0/stage3/stage3.2/Relu_output_0" });
    const { y1 } = await answer(onnx, frames());
    const { scores } = await answer(bytes, { image: frames().x });
    assert.equal(origin.tensors.y1, "/0/classify/Gemm_output_0");
    close(softmax((y1!.data as Float32Array).subarray(0, 10)), scores!.data.slice(0, 10), 1e-5);
  });

  it("is cut before a sigmoid at its end", async () => {
    const bytes = await edited("model.onnx", (file) => {
      file.addNode("Sigmoid", ["scores"], "shares");
      file.addOutput("shares");
    });
    const { origin } = await adopted(bytes, { logits: "shares" });
    assert.equal(origin.tensors.y1, "scores");
  });

  it("takes the bundle's frames where it was made for bytes with channels last", async () => {
    const bytes = await sample("nhwc-bytes.onnx");
    const features = "/inner/stage3/stage3.2/Relu_output_0";
    const { scores } = await answer(bytes, { image: { data: planes.slice(), dims: [3, 28, 28, 1] } });
    for (const from of [input, { ...input, ...bytesAsTheyAre(1) }]) {
      const { onnx } = await adopted(bytes, { features, frames: from, examples: toTensor(planes, from) });
      const { y1 } = await answer(onnx, frames(from));
      close(y1!.data, scores!.data, 1e-3);
    }
  });

  it("takes frames of another normalisation than its own", async () => {
    const bytes = await sample("model.onnx");
    const from = { ...input, mean: [0.5], std: [0.25] };
    const { onnx } = await adopted(bytes, { frames: from, own, examples: toTensor(planes, from) });
    const { y1 } = await answer(onnx, frames(from));
    const { scores } = await answer(bytes, { image: frames().x });
    close(y1!.data, scores!.data, 1e-3);
  });

  it("makes way for the bundle's names", async () => {
    const bytes = await edited("model.onnx", (file) => {
      for (const node of file.nodes) {
        node.input = node.input.map((name) => (name === "/Pad_output_0" ? "F1" : name));
        node.output = node.output.map((name) => (name === "/Pad_output_0" ? "F1" : name));
      }
    });
    const { F1 } = await answer((await adopted(bytes)).onnx, frames());
    assert.deepEqual(F1!.dims, [3, 48, 7, 7]);
  });

  const refusals: {
    name: string;
    code: ErrorCode;
    tells: RegExp;
    bytes?: () => Uint8Array | Promise<Uint8Array>;
    changes?: Changes;
  }[] = [
    {
      name: "is no ONNX file",
      bytes: () => Buffer.from("GIF89a, not a model"),
      code: "MODEL_INVALID",
      tells: /model\.onnx is no ONNX model/,
    },
    {
      name: "has several inputs",
      bytes: () =>
        edited("model.onnx", (file) => {
          const { type } = file.graph.input[0]!;
          file.graph.input.push(create(ValueInfoProtoSchema, { name: "mask", ...(type && { type }) }));
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /takes 2 inputs \("image" \[\?, 1, 28, 28\], "mask" .*expected one/,
    },
    {
      name: "has an open size",
      bytes: () =>
        edited("model.onnx", (file) => {
          const type = file.graph.input[0]!.type!.value;
          if (type.case === "tensorType") type.value.shape!.dim[2]!.value = { case: "dimParam", value: "h" };
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /\[\?, 1, \?, 28\], of open size; expected fixed/,
    },
    {
      name: "takes pictures of two channels",
      bytes: () =>
        edited("model.onnx", (file) => {
          const type = file.graph.input[0]!.type!.value;
          if (type.case === "tensorType") type.value.shape!.dim[1]!.value = { case: "dimValue", value: 2n };
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /"image" \[\?, 2, 28, 28\]; expected 1 or 3 channels, second or last/,
    },
    {
      name: "takes an input that is not of four dimensions",
      bytes: () =>
        edited("model.onnx", (file) => {
          const type = file.graph.input[0]!.type!.value;
          if (type.case === "tensorType") type.value.shape!.dim.splice(1, 1);
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /"image" \[\?, 28, 28\]; expected four dimensions, \[N, C, H, W\]/,
    },
    {
      name: "takes float16",
      bytes: () =>
        edited("model.onnx", (file) => {
          const type = file.graph.input[0]!.type!.value;
          if (type.case === "tensorType") type.value.elemType = TensorProto_DataType.FLOAT16;
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /type FLOAT16; expected FLOAT \(float32\) or UINT8/,
    },
    {
      name: "takes eight frames a run",
      bytes: () =>
        edited("fixed-batch.onnx", (file) => {
          const type = file.graph.input[0]!.type!.value;
          if (type.case === "tensorType") type.value.shape!.dim[0]!.value = { case: "dimValue", value: 8n };
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /takes 8 frames a run/,
    },
    {
      name: "keeps its weights in another file",
      bytes: () =>
        edited("model.onnx", (file) => {
          const weights = file.constants.get("classify.weight")!;
          weights.dataLocation = TensorProto_DataLocation.EXTERNAL;
          weights.externalData = [
            create(StringStringEntryProtoSchema, { key: "location", value: "weights.bin" }),
          ];
        }),
      code: "MODEL_UNSUPPORTED",
      tells: /keeps "classify.weight" in weights\.bin; expected one file/,
    },
    {
      name: "uses an operator that ONNX Runtime does not know",
      bytes: () =>
        edited("model.onnx", (file) => {
          file.nodes[0]!.opType = "Konv";
        }),
      code: "MODEL_INVALID",
      tells: /Konv/,
    },
    {
      name: "is of an opset that ONNX Runtime does not know yet",
      bytes: () =>
        edited("model.onnx", (file) => {
          file.model.opsetImport[0]!.version = 99n;
        }),
      code: "MODEL_INVALID",
      tells:
        /^model\.onnx is not taken by ONNX Runtime: ONNX Runtime only.* of opset 99 and IR version \d+.*export it with another/,
    },
    {
      name: "has nodes that wait for one another",
      bytes: async () => {
        const model = fromBinary(ModelProtoSchema, await sample("model.onnx"));
        const [first, second] = model.graph!.node.filter(({ opType }) => opType !== "Constant");
        first!.input[0] = second!.output[0]!;
        return toBinary(ModelProtoSchema, model);
      },
      code: "MODEL_INVALID",
      tells: /^model\.onnx is no ONNX model: some of its nodes wait for one another/,
    },
    {
      name: "has weights that are no numbers",
      bytes: () =>
        edited("model.onnx", (file) => {
          file.constants.get("classify.weight")!.rawData.fill(0xff);
        }),
      code: "MODEL_UNFIT",
      tells: /"scores" of model\.onnx answers frames of the data with NaN/,
    },
    {
      name: "ends in a sigmoid out of sight",
      bytes: () =>
        edited("model.onnx", (file) => {
          file.addNode("Sigmoid", ["scores"], "squashed");
          file.addNode("Identity", ["squashed"], "shares");
          file.addOutput("shares");
        }),
      changes: { logits: "shares" },
      code: "MODEL_UNSUPPORTED",
      tells: /"shares" of model\.onnx holds probabilities/,
    },
    {
      name: "takes pictures of another size than the data's",
      changes: { frames: { ...input, shape: [1, 32, 32] } },
      code: "MODEL_UNFIT",
      tells: /takes pictures of 1x28x28 .*data set's are 1x32x32/,
    },
    {
      name: "tells more classes apart than the data has",
      changes: { classes: 7 },
      code: "MODEL_UNFIT",
      tells: /"scores" of model\.onnx tells 10 classes apart, the data set has 7/,
    },
    {
      name: "has no such tensor",
      changes: { features: "/stage3/stage3.2/ReLU_output" },
      code: "TENSOR_UNKNOWN",
      tells: /near it: "\/stage3\/stage3\.2\/Relu_output_0"/,
    },
    {
      name: "has no tensor of the layer's bare name",
      changes: { features: "stage3.relu" },
      code: "TENSOR_UNKNOWN",
      tells: /near it: "\/stage3\/stage3\.2\/Relu_output_0"/,
    },
    {
      name: "is asked for no feature tensor",
      changes: { features: undefined },
      code: "TENSOR_UNKNOWN",
      tells: /one of: "\/Pad_output_0" \[N, 48, 7, 7\], "\/stage3/,
    },
    {
      name: "is asked for a vector as its feature map",
      changes: { features: "/Reshape_output_0" },
      code: "MODEL_UNSUPPORTED",
      tells: /is float32 \[N, 48\]; expected a map of features.*"\/stage3/,
    },
    {
      name: "is asked for a map as its logits",
      changes: { logits: "/AveragePool_output_0" },
      code: "MODEL_UNSUPPORTED",
      tells: /expected logits, float32 \[N, 10\], such as: "scores" \[N, 10\]/,
    },
    {
      name: "answers probabilities that no Softmax node makes",
      bytes: () =>
        edited("softmax.onnx", (file) => {
          file.addNode("Identity", ["scores"], "shares");
          file.addOutput("shares");
        }),
      changes: { logits: "shares", features: "/0/stage3/stage3.2/Relu_output_0" },
      code: "MODEL_UNSUPPORTED",
      tells: /"shares" of model\.onnx holds probabilities; expected logits/,
    },
    {
      name: "has several outputs, and none is named",
      bytes: () => edited("softmax.onnx", (file) => file.addOutput("/0/classify/Gemm_output_0")),
      code: "TENSOR_UNKNOWN",
      tells: /has 2 outputs; name the one/,
    },
  ];
  for (const { name, bytes, changes, code, tells } of refusals) {
    it(`is refused by name when it ${name}`, async () => {
      const file = await (bytes?.() ?? sample("model.onnx"));
      await assert.rejects(adopted(file, changes), (error) => {
        assert.ok(isMeanetError(error, code), String(error));
        assert.match(error.message, tells);
        return true;
      });
    });
  }
});

it("constants of the first ONNX versions, listed as inputs too, are no inputs", async () => {
  const bytes = await edited("model.onnx", (file) => {
    for (const name of file.constants.keys()) {
      file.graph.input.push(create(ValueInfoProtoSchema, { name }));
    }
  });
  assert.equal((await readClassifier(bytes, "old.onnx")).input.name, "image");
});

it("frames decide a Reshape, weights do not: only those of frames are mended", async () => {
  const bytes = await edited("fixed-batch.onnx", (file) => {
    // The bias of the classifier, reshaped to a row: its batch of one is not that of the frames.
    file.addConstant(tensorProto("row", [2], BigInt64Array.of(1n, 10n)));
    file.addNode("Reshape", ["classify.bias", "row"], "bias.row");
    file.addNode("Sub", ["scores", "bias.row"], "unbiased");
    file.addOutput("unbiased");
  });
  const file = OnnxFile.read(bytes);
  assert.deepEqual(file.outputs, ["scores", "unbiased"]);
  const { batch } = await adopt(await readClassifier(bytes, "rows.onnx"), {
    features: "/stage3/stage3.2/Relu_output_0",
    logits: "unbiased",
    as: "y1",
    frames: input,
    classes: 10,
    examples: Float32Array.from({ length: 3 * 784 }, (_, index) => Math.sin(index)),
  });
  assert.equal(batch, undefined);
});

it("an input's shape is written with an open batch, or with one of one", async () => {
  const file = OnnxFile.read(await sample("model.onnx"));
  setFrames(file, [1, 28, 28], 1);
  const type = file.graph.input[0]!.type!.value;
  assert.deepEqual(type.case === "tensorType" && type.value.shape!.dim.map(({ value }) => value.value), [
    1n,
    1n,
    28n,
    28n,
  ]);
});
