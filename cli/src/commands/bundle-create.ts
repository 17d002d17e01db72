import { basename, join } from "node:path";
import {
  type Classifier,
  datasetNameOf,
  datasetNames,
  evaluate,
  evaluateTable,
  frameShapeText,
  isMap,
  mainRecipe,
  openClassifier,
  requireBundlePlace,
  train,
} from "@meanet/models";
import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { openData, skipUnreadableText } from "../open-data.ts";
import { tellReferenceHint } from "../reference-hint.ts";
import { textTable } from "../text-table.ts";
import { lockTraining } from "../training-lock.ts";
import { putAside, watchTraining } from "../training-run.ts";

const createConfigSchema = z
  .strictObject({
    main: z
      .string({ error: "expected an ONNX file: a classifier of pictures" })
      .describe("ONNX file of a classifier of pictures, from any framework"),
    list: z
      .boolean()
      .default(false)
      .describe("print the tensors of main with their shapes, and stop: to choose feature and logits"),
    feature: z
      .string()
      .optional()
      .describe("tensor of main that becomes F1: the last map before its pooling"),
    logits: z.string().optional().describe("tensor of main's logits; left out: its only output"),
    mean: z
      .array(z.coerce.number())
      .optional()
      .describe("per channel, of byte/255, as main was trained; left out: 0; not for models of bytes"),
    std: z
      .array(z.coerce.number())
      .optional()
      .describe("per channel, of byte/255, as main was trained; left out: 1; not for models of bytes"),
    data: z
      .string()
      .optional()
      .describe("folder of the frames to learn from: pictures as train/CLASS/*.jpg, or a data set's files"),
    dataset: z
      .enum(datasetNames)
      .optional()
      .describe("what the folder holds; left out: image-folder or idx, whichever is there"),
    skipUnreadable: z.boolean().default(false).describe(skipUnreadableText),
    out: z
      .string()
      .optional()
      .describe("folder of the bundle; a bundle that is there is replaced at the end"),
    name: z.string().optional().describe("name of the bundle; left out: that of main's file"),
    hardClasses: z
      .int()
      .min(2)
      .optional()
      .describe("classes that the extension tells apart; left out: half of all"),
    epochs: z.int().min(1).default(8).describe("epochs of adaptive and extension block"),
    extensionBlocks: z
      .int()
      .min(1)
      .default(2)
      .describe("basic blocks of the extension: more know more and cost more"),
    flip: z
      .boolean()
      .default(false)
      .describe("mirror frames left to right while it learns: not where left and right matter"),
    heldOut: z
      .int()
      .min(1)
      .optional()
      .describe("frames that no gradient sees, for all choices; left out: a tenth, at most 5,000"),
    frames: z.int().min(1).optional().describe("learn from this many of the rest only; for trials"),
    cloud: z
      .string()
      .optional()
      .describe("ONNX file of the cloud's network, of the same frames; left out: a bundle of edges alone"),
    seed: z.int().default(1).describe("seed of the split, the first parameters and the order of frames"),
    work: z
      .string()
      .optional()
      .describe("folder of checkpoints and of log.jsonl; left out: .meanet/training/{name}"),
    resume: z
      .boolean()
      .default(false)
      .describe("go on from the checkpoint in work; without it work is put aside, to {work}.previous"),
    threads: z.int().min(1).optional().describe("worker threads, no matter for the result; left out: two"),
    json: z
      .boolean()
      .default(false)
      .describe("print the figures, or the tensors, as one JSON line on standard output"),
  })
  .refine(({ list, out }) => list || out !== undefined, {
    path: ["out"],
    error: "expected the folder of the bundle to be made",
  })
  .refine(({ list, data, dataset }) => list || data !== undefined || dataset !== undefined, {
    path: ["data"],
    error: "expected the folder of the frames to learn from",
  });

type CreateConfig = z.infer<typeof createConfigSchema>;

/** `meanet bundle create`: a bundle of a classifier that was trained elsewhere. */
export function bundleCreateCommand(): Command {
  const command = new Command("create").description(
    "Makes a bundle of an ONNX classifier: cuts it into main, picks hard classes, trains adaptive and extension behind it.",
  );
  addConfigOptions(command, "create", createConfigSchema);
  return command
    .addHelpText(
      "after",
      "\n--main is needed; --list shows what --feature may be. Ctrl-C stops after the step under way, with a checkpoint that --resume goes on from.",
    )
    .action(runCreate);
}

async function runCreate(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("create", createConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(createConfigSchema, values),
  });
  if (config.list) {
    const classifier = await openClassifier(config.main);
    console.log(config.json ? JSON.stringify(listed(classifier)) : listText(classifier));
    return;
  }
  await create(config, config.out ?? "");
}

async function create(config: CreateConfig, out: string): Promise<void> {
  const { main, feature, json, threads } = config;
  await requireBundlePlace(out);
  const { input } = await openClassifier(main);
  const data = await openData(config.dataset ?? (await datasetNameOf(config.data ?? "")), {
    from: config.data,
    shape: input.frame,
    skipUnreadable: config.skipUnreadable,
  });
  const recipe = await mainRecipe({ ...config, name: config.name ?? nameOf(main), features: feature, data });
  const judged = (await data.has("test")) ? "test" : "held-out";
  const work = config.work ?? join(".meanet", "training", recipe.name);
  await lockTraining(work);
  if (!config.resume) await putAside(work);
  await watchTraining(json ? process.stderr : process.stdout, async ({ signal, show }) => {
    const bundle = await train(recipe, {
      out,
      data,
      folder: join(main, ".."),
      work,
      threads,
      signal,
      onProgress: show,
    });
    const figures = await evaluate(bundle, data, judged, { onProgress: show });
    console.log(json ? JSON.stringify(figures) : evaluateTable(figures));
    console.error(`${bundle.manifest.name}@${bundle.manifest.version} stands in ${bundle.dir}`);
    tellReferenceHint(data, bundle);
  });
}

/** `My Model.onnx` → `my-model`. */
function nameOf(file: string): string {
  const words = basename(file, ".onnx")
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ["model"];
  return words.join("-").slice(0, 64);
}

function listed({ name, input, tensors }: Classifier) {
  return {
    file: name,
    input,
    tensors: tensors.map(({ name: tensor, op, type, dims }) => ({ name: tensor, op, type, shape: dims })),
  };
}

function listText({ name, input, tensors }: Classifier): string {
  const batch = input.batch === undefined ? "any number of frames" : `${input.batch} frame`;
  const table = textTable({
    head: ["tensor", "made by", "type", "shape", ""],
    rows: tensors.map((tensor) => [
      tensor.name,
      tensor.op,
      tensor.type,
      frameShapeText(tensor.dims),
      isMap(tensor) ? "may be --feature" : "",
    ]),
    right: [false, false, false, false, false],
    colour: process.stdout.isTTY === true,
  });
  return `${name} takes "${input.name}": ${batch} a run, ${input.type} ${input.layout}, ${input.frame.join("x")} (channels, height, width)\n${table}`;
}
