/** What the authors' released code for ResNet-32 on CIFAR-100 holds (github.com/yinghanlong/Complexity-aware-AI, October 2022). */

/** The label dictionary that comes with the code: fine classes, hardest first. */
export const publishedHardClasses: readonly number[] = [
  72, 44, 10, 67, 50, 73, 52, 3, 4, 59, 35, 55, 62, 98, 78, 2, 7, 47, 11, 77, 42, 45, 96, 5, 46, 38, 87, 32,
  29, 25, 88, 27, 33, 95, 14, 65, 93, 80, 99, 26, 74, 34, 79, 92, 18, 22, 63, 90, 24, 71,
];

interface PublishedBlock {
  readonly parameters: number;
  /** Multiply-accumulates of one frame, to four digits. */
  readonly macs: number;
}

/** Counted by us from the layers that the code builds, joined by concatenation, 50 hard classes. */
export const publishedBlocks: Readonly<
  Record<"A" | "B", Readonly<Record<"main" | "adaptive" | "extension", PublishedBlock>>>
> = {
  A: {
    main: { parameters: 192_692, macs: 46_660_000 },
    adaptive: { parameters: 19_664, macs: 8_830_000 },
    extension: { parameters: 377_394, macs: 23_860_000 },
  },
  B: {
    main: { parameters: 472_756, macs: 69_130_000 },
    adaptive: { parameters: 77_392, macs: 12_500_000 },
    extension: { parameters: 344_370, macs: 21_760_000 },
  },
};

/** The cloud's network of the code, ResNet-101 with a 3x3 stem; counted by us. */
export const publishedCloud: PublishedBlock = { parameters: 42_697_380, macs: 2_510_000_000 };
