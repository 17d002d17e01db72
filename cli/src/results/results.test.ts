import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { count, meanetSpecSchema, zooFolder, zooPath } from "@meanet/models";
import { isMeanetError } from "@meanet/runtime";
import { cifar100Document } from "./cifar-100.ts";
import { readInputs, recordRun } from "./inputs.ts";
import { publishedBlocks, publishedHardClasses } from "./published.ts";
import { checkDocument, writeDocument } from "./write.ts";

const root = join(import.meta.dirname, "../../..");
const recipes = join(root, "models/recipes");
const folders: string[] = [];

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "meanet-results-"));
  folders.push(folder);
  return folder;
}

/** A zoo whose one bundle has Fashion-MNIST's figures, some of them set here, under the name of variant A. */
async function trialZoo(
  change: (evaluations: Record<string, unknown>[]) => void = () => {},
): Promise<string> {
  const zoo = await temporary();
  const bundle = join(zoo, "cifar100-resnet32-a");
  await mkdir(bundle);
  const manifest = JSON.parse(
    await readFile(join(zooPath("fashion-mnist"), "manifest.json"), "utf8"),
  ) as object;
  await writeFile(
    join(bundle, "manifest.json"),
    JSON.stringify({ ...manifest, name: "cifar100-resnet32-a" }),
  );
  const text = await readFile(join(zooPath("fashion-mnist"), "evaluation.json"), "utf8");
  const evaluations = JSON.parse(text) as Record<string, unknown>[];
  Object.assign(evaluations[0]!, {
    main: { accuracy: 0.888, hard: 0.815, easy: 0.961 },
    edge: { accuracy: 0.913, hard: 0.865, easy: 0.961 },
    detection: 0.99,
  });
  change(evaluations);
  await writeFile(join(bundle, "evaluation.json"), JSON.stringify(evaluations));
  return zoo;
}

async function documentOf(zoo: string, runs: string) {
  return cifar100Document(await readInputs({ zoo, recipes, runs }));
}

function section(markdown: string, title: string): string {
  return markdown.split(/^## /m).find((text) => text.startsWith(title))!;
}

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

describe("the document of CIFAR-100", () => {
  it("that comes with the project is what its figures give", async () => {
    const out = join(root, "docs/results");
    await checkDocument(out, await documentOf(zooFolder, join(out, "cifar-100")));
  });

  it("says what was not run, and gives no figure for it", async () => {
    const empty = await temporary();
    const { markdown, plots } = await documentOf(empty, empty);
    assert.equal(plots.size, 0);
    for (const title of [
      "Claims",
      "What was run",
      "Accuracy",
      "Easy or hard",
      "Who answers",
      "One thing changed",
    ]) {
      assert.match(section(markdown, title), /not run yet/);
      assert.doesNotMatch(section(markdown, title), /\d %\s*\|/);
    }
  });

  it("shows the figures of a bundle's evaluation, its plots, and what differs from the paper", async () => {
    const { markdown, plots } = await documentOf(await trialZoo(), await temporary());
    assert.match(
      section(markdown, "Accuracy"),
      /\| A, test \| edge: main and extension \| 0 % \| 91\.30 % \| 86\.50 % \| 96\.10 % \|/,
    );
    assert.match(section(markdown, "Accuracy"), /\| B, test \| not run yet/);
    assert.match(section(markdown, "Claims"), /yes: \+2\.5 points, to 91\.3 %/);
    assert.match(section(markdown, "Where this differs"), /16 epochs of main/);
    assert.deepEqual([...plots.keys()], ["accuracy-a.svg", "costs-a.svg"]);
    assert.match(markdown, /!\[[^\]]+\]\(cifar-100\/accuracy-a\.svg\)/);
    assert.match(plots.get("costs-a.svg")!, />energy a frame, mJ \(modelled\)</);
  });

  it("says of a claim that the figures do not bear out that they do not", async () => {
    const zoo = await trialZoo(([test]) => {
      test!.edge = { accuracy: 0.8, hard: 0.7, easy: 0.9 };
    });
    const { markdown } = await documentOf(zoo, await temporary());
    assert.match(section(markdown, "Claims"), /\*\*no\*\*: −8\.8 points, to 80\.0 %/);
  });

  it("says not measured where the evaluation of an older bundle lacks a figure", async () => {
    const older = await trialZoo(([test]) => {
      delete test!.calls;
      delete test!.mainErrors;
    });
    const { markdown } = await documentOf(older, await temporary());
    assert.match(section(markdown, "Easy or hard"), /\| A, test \| 99\.0 % \| not measured \|/);
    const zoo = await trialZoo(([test]) => {
      test!.calls = { hard: 0.75, easy: 0.25 };
      test!.mainErrors = { easyToHard: 0.01, hardToEasy: 0.02, easyToEasy: 0.03, hardToHard: 0.04 };
    });
    const again = await documentOf(zoo, await temporary());
    assert.match(
      section(again.markdown, "Easy or hard"),
      /\| A, test \| 99\.0 % \| 75\.0 % \| 25\.0 % \| 1\.0 % \| 2\.0 % \| 3\.0 % \| 4\.0 % \|/,
    );
  });

  it("counts sizes from the recipe before anything was trained", async () => {
    const empty = await temporary();
    const { markdown } = await documentOf(empty, empty);
    assert.match(
      section(markdown, "Parameters"),
      /\| A, extension \| 377,394 \| 23\.86 M \| 377,394 \| 23\.86 M \|/,
    );
  });

  it("reads a run put on record as it reads a bundle", async () => {
    const zoo = await trialZoo();
    const runs = await temporary();
    await recordRun(join(zoo, "cifar100-resnet32-a"), runs);
    const { markdown } = await documentOf(await temporary(), runs);
    assert.equal(markdown, (await documentOf(zoo, await temporary())).markdown);
  });

  it("is refused with the file's name when a file of figures is damaged", async () => {
    const runs = await temporary();
    await mkdir(join(runs, "runs"));
    await writeFile(join(runs, "runs/a.json"), '{"schema": 1');
    await assert.rejects(
      documentOf(await temporary(), runs),
      (error) => isMeanetError(error, "RESULTS_INVALID") && error.message.includes("runs/a.json"),
    );
    const zoo = await trialZoo(([test]) => {
      test!.detection = 1.5;
    });
    await assert.rejects(
      documentOf(zoo, await temporary()),
      (error) => isMeanetError(error, "RESULTS_INVALID") && error.message.includes("detection"),
    );
  });
});

describe("writing a document", () => {
  it("passes its own check, until a file changes, is missing, or is one too many", async () => {
    const out = await temporary();
    const document = await documentOf(await trialZoo(), out);
    const refused = (name: string) =>
      assert.rejects(
        checkDocument(out, document),
        (error) => isMeanetError(error, "RESULTS_OUTDATED") && error.message.includes(name),
      );
    await refused("cifar-100.md");
    await writeDocument(out, document);
    await checkDocument(out, document);
    await cp(join(out, "cifar-100/costs-a.svg"), join(out, "cifar-100/old.svg"));
    await refused("old.svg");
    await writeDocument(out, document);
    await checkDocument(out, document);
    await rm(join(out, "cifar-100/accuracy-a.svg"));
    await refused("accuracy-a.svg");
  });
});

describe("what the authors' code holds", () => {
  it("is fifty different classes", () => {
    assert.equal(new Set(publishedHardClasses).size, 50);
    assert.ok(publishedHardClasses.every((index) => index >= 0 && index < 100));
  });

  for (const variant of ["A", "B"] as const) {
    it(`is blocks of the size that this code builds: variant ${variant}`, () => {
      const spec = { input: [3, 32, 32], classes: 100, hardClasses: 50, variant };
      const counts = count(
        meanetSpecSchema.parse({ ...spec, backbone: { widths: [16, 32, 64], blocks: [5, 5, 5] } }),
      );
      for (const block of ["main", "adaptive", "extension"] as const) {
        const { parameters, macs } = counts[block];
        const rounded = { parameters, macs: 10_000 * Math.round(macs / 10_000) };
        assert.deepEqual(rounded, publishedBlocks[variant][block], block);
      }
    });
  }
});
