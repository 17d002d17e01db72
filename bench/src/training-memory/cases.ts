/** What is trained in each case: ResNet-32 on CIFAR-100's shapes, as in the paper's variants A and B. */
import {
  buildTrainingStep,
  classifierPart,
  initialise,
  jointPart,
  meanetParts,
  meanetSpecSchema,
  type Part,
  type TrainingMemory,
  trainingMemory,
} from "@meanet/models";

const INPUT = [3, 32, 32] as const;
const CLASSES = 100;
const backbone = { stemStride: 1, widths: [16, 32, 64], blocks: [5, 5, 5] } as const;

export interface MemoryCase {
  /** `block-wise A`, `end-to-end A`, …, `plain ResNet-32`. */
  readonly name: string;
  readonly what: string;
  readonly computed: TrainingMemory;
  /** The step, as ONNX bytes; made when asked for. */
  readonly step: () => Uint8Array;
}

/** @param batch - frames of one step */
export function memoryCases(batch: number): MemoryCase[] {
  const plain = classifierPart({
    input: [...INPUT],
    classes: CLASSES,
    backbone: { ...backbone, widths: [...backbone.widths], blocks: [...backbone.blocks] },
  });
  return [
    ...(["A", "B"] as const).flatMap((variant) => {
      const spec = meanetSpecSchema.parse({
        input: INPUT,
        classes: CLASSES,
        hardClasses: CLASSES / 2,
        variant,
        combine: "concat",
        backbone,
      });
      return [
        memoryCase(
          `block-wise ${variant}`,
          "adaptive and extension; main frozen",
          meanetParts(spec).extension,
          batch,
        ),
        memoryCase(`end-to-end ${variant}`, "main, adaptive and extension at once", jointPart(spec), batch),
      ];
    }),
    memoryCase("plain ResNet-32", "ResNet-32 alone", plain, batch),
  ];
}

function memoryCase(name: string, what: string, part: Part, batch: number): MemoryCase {
  const { frozen } = part;
  const step = () =>
    buildTrainingStep(part, {
      batch,
      momentum: 0.9,
      weightDecay: 5e-4,
      ...(frozen === undefined ? {} : { frozen: initialise(frozen, 1) }),
    }).onnx;
  return { name, what, computed: trainingMemory(part, batch), step };
}
