/** Networks as plain data, for recipes and manifests. */
import { z } from "zod";

const size = z.int().positive();

const inputSchema = z.tuple([size, size, size]).describe("Shape of a frame: [channels, height, width].");

const backboneSchema = z
  .strictObject({
    stem: size.optional().describe("Channels of the first convolution; by default those of the first stage."),
    stemStride: z
      .literal([1, 2])
      .default(1)
      .describe("Stride of the first convolution; 2 quarters all work."),
    widths: z
      .array(size)
      .min(1)
      .describe("Channels of each stage. From the second on a stage halves the map."),
    blocks: z.array(size).min(1).describe("Basic blocks of each stage; two convolutions each."),
  })
  .refine(({ widths, blocks }) => widths.length === blocks.length, "expected as many blocks as widths");

/** A residual network: 3x3 stem, stages of basic blocks. ResNet-32 is widths 16, 32, 64 with 5 blocks each. */
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
        "Side of the windows averaged before main's classifier; by default 3 in variant A, global in B.",
      ),
    extensionBlocks: size.default(4).describe("Variant B: basic blocks of the extension."),
  })
  .refine(({ hardClasses, classes }) => hardClasses <= classes, {
    path: ["hardClasses"],
    error: "expected at most as many as classes",
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

/** As written by hand: what has a default may be left out. */
export type MeanetSpecInput = z.input<typeof meanetSpecSchema>;
