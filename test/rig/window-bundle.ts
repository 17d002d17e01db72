import {
  buildInference,
  classifierPart,
  classifierSpecSchema,
  count,
  initialise,
  meanetParts,
  meanetSpecSchema,
  writeBundle,
} from "@meanet/models";

const INPUT = [9, 128] as const;
const backbone = { widths: [8, 16], blocks: [1, 1], kernel: 5, stemStride: 4 };
const edge = meanetSpecSchema.parse({
  ...{ input: INPUT, classes: 6, hardClasses: 3, variant: "A", exitPool: "global", backbone },
});
const cloud = classifierSpecSchema.parse({ input: INPUT, classes: 6, backbone });

const perChannel = (value: number) => Array.from({ length: INPUT[0] }, () => value);

/** A bundle for windows of the form of UCI HAR, whose networks have learned nothing: their answers are arbitrary, and the same everywhere. */
export async function writeWindowBundle(
  folder: string,
  { classes, threshold }: { readonly classes: readonly string[]; readonly threshold: number },
): Promise<string> {
  const { main, extension } = meanetParts(edge);
  const cloudPart = classifierPart(cloud);
  const untrained = { epochs: 0, seconds: 0, heldOutAccuracy: 0 };
  await writeBundle(folder, {
    manifest: {
      name: "untrained-windows",
      version: "1.0.0",
      input: { kind: "window", shape: INPUT, mean: perChannel(0.1), std: perChannel(0.5), rateHz: 50 },
      classes,
      hardClasses: [4, 0, 2],
      threshold,
      decision: "confidence",
      blocks: { ...count(edge), ...count(cloud) },
      provenance: {
        data: { name: "none", licence: "none", trainCount: 1, heldOutCount: 1, splitSeed: 0 },
        recipe: {},
        parts: { main: untrained, extension: untrained, cloud: untrained },
        machine: "a test",
        createdAt: "2026-01-01T00:00:00Z",
      },
    },
    files: {
      main: buildInference(main, initialise(main, 1)),
      extension: buildInference(extension, initialise(extension, 2)),
      cloud: buildInference(cloudPart, initialise(cloudPart, 3)),
    },
  });
  return folder;
}
