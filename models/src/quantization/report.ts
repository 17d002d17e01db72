import type { Quantization } from "./provenance.ts";

/** What quantisation cost and gave, as Markdown that a terminal shows as well. */
export function quantizationTable({ accuracy, parts }: Quantization): string {
  const { heldOut, test } = accuracy;
  const answers = (["main", "edge", "cloud"] as const).flatMap((who) =>
    [["held-out", heldOut] as const, ["test", test] as const].flatMap(([split, figures]) => {
      const before = figures?.float32[who];
      const after = figures?.int8[who];
      if (before === undefined || after === undefined) return [];
      return `| ${who}, ${split} | ${percent(before)} | ${percent(after)} | ${points(before - after)} |`;
    }),
  );
  const models = Object.entries(parts).map(
    ([name, { method, kept, bytes, speed }]) =>
      `| ${name} | ${method} | ${kept} | ${bytes.float32} | ${bytes.int8} | ${milliseconds(speed.float32Ms)} | ${milliseconds(speed.int8Ms)} | ${speed.ratio.toFixed(2)}x |`,
  );
  return `| answers right | float32 | int8 | loss |
| ------------- | ------: | ---: | ---: |
${answers.join("\n")}

| model | ranges | ends in float32 | bytes before | after | ms a frame before | after | faster by |
| ----- | ------ | --------------- | -----------: | ----: | ----------------: | ----: | --------: |
${models.join("\n")}`;
}

/** The part of the card that an int8 variant has; empty for other bundles. */
export function quantizationSection(quantization: Quantization | undefined): string {
  if (quantization === undefined) return "";
  const { from, calibration, parts, machine, createdAt } = quantization;
  const float = (["main", "extension", "cloud"] as const).filter(
    (part) => from.sha256[part] !== undefined && parts[part] === undefined,
  );
  const stays = float.length === 0 ? "" : ` As they were, in float32: ${float.join(", ")}.`;
  return `## Quantisation

Made from ${from.name} ${from.version} without training: activations are unsigned bytes, weights signed bytes with a scale for each output
channel, biases 32-bit integers; batch normalisations are folded. Inputs, outputs and F1 stay float32.${stays} Ranges
were seen on ${calibration.frames} frames of the training part (seed ${calibration.seed}); the method and the ends that stay float32 were chosen on held-out
frames, which makes the held-out figures of int8 a little kind.

${quantizationTable(quantization)}

Time is the median of one frame on one thread, both models in turn in one run, on a shared machine (${machine}, ${createdAt}); another processor gives
another ratio. Multiply-accumulates are the same in int8, and device profiles reckon joules from them: the energy below
does not know that the integers are cheaper.

`;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}

function points(fraction: number): string {
  return `${(100 * fraction).toFixed(2)}`;
}

function milliseconds(value: number): string {
  return value.toFixed(3);
}
