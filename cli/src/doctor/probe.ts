/**
 * What may crash a process is tried in one of its own: opens one thing, as the first argument says, and prints what it found.
 *
 *     node probe.ts image
 *     node probe.ts engine cuda /path/of/main.onnx
 */
import { decodeImage } from "@meanet/image";
import { openEngine, type Provider, type ValueInfo } from "@meanet/inference";
import { describeFailure } from "../failure.ts";
import { encodePng } from "../replay/png.ts";

const [what, ...rest] = process.argv.slice(2);
try {
  console.log(what === "image" ? await probeImage() : await probeEngine(rest[0] as Provider, rest[1]!));
  process.exit(0);
} catch (error) {
  console.log(describeFailure(error).split("\n")[0]);
  process.exit(1);
}

async function probeImage(): Promise<string> {
  const shape = [1, 2, 2] as const;
  const planes = Uint8Array.of(0, 50, 100, 255);
  const limits = { maxBytes: 1_000, maxPixels: 4 };
  const decoded = await decodeImage(encodePng(planes, shape), { format: "png", shape, limits });
  if (Buffer.compare(decoded, planes) !== 0)
    throw new Error("a decoded picture differs from what it was made of");
  return "decodes pictures";
}

async function probeEngine(provider: Provider, model: string): Promise<string> {
  const engine = await openEngine({ name: `probe ${provider}`, model, providers: [provider] });
  const feeds = Object.fromEntries(engine.inputs.map((input) => [input.name, zeros(input)]));
  const { computeMs } = await engine.run(feeds);
  await engine.close();
  return `ran a frame in ${computeMs.toFixed(2)} ms`;
}

/** One frame of zeros: a dimension that varies is the batch. */
function zeros({ shape }: ValueInfo) {
  const dims = shape.map((size) => (typeof size === "number" ? size : 1));
  return { data: new Float32Array(dims.reduce((product, size) => product * size, 1)), dims };
}
