import type { Inputs } from "./inputs.ts";
import { notRun, percent, table, whole } from "./markdown.ts";

const parts = ["main", "extension", "cloud"] as const;

/** Of each bundle in int8 that is on record: what the bytes cost and gave, beside the float32 bundle that it was made from. */
export function int8Section({ runs }: Inputs): string {
  const made = [...runs].flatMap(([name, { manifest }]) => {
    const { quantization } = manifest.provenance;
    return quantization === undefined || !name.startsWith("cifar100-") ? [] : [{ name, ...quantization }];
  });
  if (made.length === 0) return notRun;
  const accuracies = made.flatMap(({ name, accuracy: { heldOut } }) =>
    (["main", "edge", "cloud"] as const).map((who) => [
      `\`${name}\``,
      who,
      percent(heldOut.float32[who], 2),
      percent(heldOut.int8[who], 2),
    ]),
  );
  const costs = made.flatMap(({ name, parts: blocks }) =>
    parts.flatMap((part) => {
      const block = blocks[part];
      if (block === undefined) return [];
      const { bytes, speed } = block;
      return [
        [
          ...[`\`${name}\``, part, whole(bytes.float32), whole(bytes.int8)],
          ...[speed.float32Ms.toFixed(3), speed.int8Ms.toFixed(3), `${speed.ratio.toFixed(2)}x`],
        ],
      ];
    }),
  );
  const calibration = [...new Set(made.map(({ calibration }) => whole(calibration.frames)))].join(" or ");
  return `\`meanet bundle quantize\`: activations as unsigned bytes, weights as signed bytes with a scale for each channel, ranges from ${calibration} training frames; how they are chosen was decided on held-out frames.

${table(["bundle", "who answers", "float32, held-out", "int8"], accuracies, 2)}

${table(["bundle", "model", "bytes, float32", "int8", "ms a frame, float32", "int8", "faster by"], costs, 2)}`;
}
