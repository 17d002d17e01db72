/** Networks as plain data, for recipes and manifests. */
import { z } from "zod";
import type { Axes } from "./blocks.ts";

const size = z.int().positive();

const inputSchema = z
  .union([z.tuple([size, size, size]), z.tuple([size, size])], {
    error: "expected [channels, height, width] of images, or [channels, readings] of windows over time",
  })
  .describe("Shape of a frame: [channels, height, width] of an image, [channels, readings] of a window.");

const backboneSchema = z
  .strictObject({
    stem: size.optional().describe("Channels of the first convolution; by default those of the first stage."),
    stemStride: z
      .literal([1, 2, 4])
      .default(1)
      .describe("Stride of the first convolution; 2 quarters all work on images, and halves it on windows."),
    kernel: size
      .refine((side) => side % 2 === 1, "expected an odd number")
      .optional()
      .describe("Side of every convolution: pixels of an image, readings of a window; by default 3."),
    widths: z
      .array(size)
      .min(1)
      .describe("Channels of each stage. From the second on a stage halves the map."),
    blocks: z.array(size).min(1).describe("Basic blocks of each stage; two convolutions each."),
  })
  .refine(({ widths, blocks }) => widths.length === blocks.length, "expected as many blocks as widths");

/** A residual network: stem, stages of basic blocks. ResNet-32 is widths 16, 32, 64 with 5 blocks each. */
export type BackboneSpec = z.infer<typeof backboneSchema>;

export const classifierSpecSchema = z.strictObject({
  input: inputSchema,
  classes: size.min(2),
  backbone: backboneSchema,
});

/** A backbone, global average pooling and one linear layer: the network of the cloud. */
export type ClassifierSpec = z.infer<typeof classifierSpecSchema>;

export const meanetSpecSchema = z
  .strictObject({
    input: inputSchema,
    classes: size.min(2),
    hardClasses: size.min(2).describe("Classes that the extension tells apart."),
    variant: z
      .enum(["A", "B"])
      .describe(
        "A splits the backbone: its first stages are main, the rest the extension. B keeps it whole as main.",
      ),
    combine: z.enum(["concat", "sum"]).default("concat").describe("How F1 meets the adaptive block's map."),
    backbone: backboneSchema,
    mainStages: size.optional().describe("Variant A: stages of main; by default all but the last."),
    exitPool: z
      .union([size, z.literal("global")])
      .optional()
      .describe(
        "Side of the pools averaged before main's classifier; by default 3 in variant A, global in B.",
      ),
    notHard: z
      .literal(true)
      .optional()
      .describe(
        'Gives the extension one more output, "not hard", and every frame to learn from: an easy class is that target.',
      ),
    extensionBlocks: size.default(4).describe("Variant B: basic blocks of the extension."),
  })
  .refine(({ hardClasses, classes }) => hardClasses <= classes, {
    path: ["hardClasses"],
    error: "expected at most as many as classes",
  })
  .refine(({ notHard, hardClasses, classes }) => notHard === undefined || hardClasses < classes, {
    path: ["notHard"],
    error: "expected fewer hard classes than classes: where all are hard, nothing is not",
  })
  .refine(
    ({ variant, mainStages, backbone: { widths } }) =>
      variant === "B" || (widths.length > 1 && (mainStages ?? 1) < widths.length),
    {
      path: ["mainStages"],
      error: "variant A needs at least one stage in main and one left for the extension",
    },
  );

/**
 * Main, adaptive and extension block.
 *
 * @see Long et al. 2021
 */
export type MeanetSpec = z.infer<typeof meanetSpecSchema>;

/** Shape of the map that a network starts from: a window is one of height 1. */
export function mapShape(input: MeanetSpec["input"]): readonly [number, number, number] {
  return input.length === 3 ? input : [input[0], 1, input[1]];
}

/** Along which axes a network for such frames reaches. */
export function axesOf(input: MeanetSpec["input"], { kernel = 3 }: BackboneSpec): Axes {
  const along: Axes["along"] = input.length === 3 ? (side) => [side, side] : (side) => [1, side];
  return { along, kernel: along(kernel) };
}

/** As written by hand: what has a default may be left out. */
export type MeanetSpecInput = z.input<typeof meanetSpecSchema>;
