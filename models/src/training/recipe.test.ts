import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { stringify } from "yaml";
import { parseRecipe, readRecipe } from "./recipe.ts";
import { tinyRecipe } from "./tiny-training-for-tests.ts";

const recipes = join(import.meta.dirname, "..", "..", "recipes");
const refusal = (what: RegExp) => (error: unknown) =>
  isMeanetError(error, "RECIPE_INVALID") && what.test(error.message);

describe("a recipe that extends another", () => {
  let folder: string;
  const write = async (name: string, value: object) => {
    await writeFile(join(folder, name), stringify(value));
    return join(folder, name);
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-recipe-"));
    await write("base.yaml", { ...tinyRecipe, notes: ["one", "two"] });
  });
  after(() => rm(folder, { recursive: true }));

  it("says what differs: keys within keys are merged, lists replaced, null takes away", async () => {
    const path = await write("changed.yaml", {
      extends: "base.yaml",
      name: "changed",
      edge: { hardClasses: 3 },
      cloud: null,
      train: { cloud: null, extension: { epochs: 7 } },
      notes: ["three"],
    });
    const { cloud: _network, ...base } = tinyRecipe;
    const { main, extension } = tinyRecipe.train;
    const expected = {
      ...base,
      name: "changed",
      edge: { ...base.edge, hardClasses: 3 },
      train: { main, extension: { ...extension, epochs: 7 } },
      notes: ["three"],
    };
    assert.deepEqual(await readRecipe(path), parseRecipe(expected, "expected"));
  });

  it("may take away what the other does not have, and one that extends none may write null for what it leaves out", async () => {
    const { cloud: _network, ...edges } = tinyRecipe;
    const { main, extension } = tinyRecipe.train;
    const alone = { ...edges, train: { main, extension } };
    const expected = parseRecipe(alone, "expected");
    const nulls = { cloud: null, train: { main, extension, cloud: null } };
    assert.deepEqual(await readRecipe(await write("nulls.yaml", { ...edges, ...nulls })), expected);
    await write("edges.yaml", alone);
    const again = await write("again.yaml", { extends: "edges.yaml", cloud: null, train: { cloud: null } });
    assert.deepEqual(await readRecipe(again), expected);
  });

  it("may extend one that extends", async () => {
    await write("first.yaml", { extends: "base.yaml", seed: 8, name: "first" });
    const { seed, name, version } = await readRecipe(
      await write("second.yaml", { extends: "./first.yaml", name: "second" }),
    );
    assert.deepEqual([seed, name, version], [8, "second", "1.0.0"]);
  });

  it("is refused when it ends where it began, extends no path, or one that is not there", async () => {
    await write("a.yaml", { extends: "b.yaml" });
    await assert.rejects(readRecipe(await write("b.yaml", { extends: "a.yaml" })), refusal(/comes back/));
    await assert.rejects(readRecipe(await write("c.yaml", { extends: 3 })), refusal(/→ extends/));
    await assert.rejects(readRecipe(await write("d.yaml", { extends: "e.yaml" })), refusal(/e\.yaml/));
  });
});

describe("a recipe", () => {
  const { main, extension, cloud } = tinyRecipe.train;

  it("is refused by the key at fault where parts do not belong together", () => {
    const distillation = { weight: 0.5, temperature: 2 };
    for (const [changes, what] of [
      [{ mainFrom: "fashion-mnist" }, /→ at train\.main/],
      [{ train: { extension, cloud } }, /→ at train\.main/],
      [{ train: { main, extension } }, /→ at train\.cloud/],
      [{ train: { main: { ...main, distillation }, extension, cloud } }, /distillation/],
      [
        {
          edge: { ...tinyRecipe.edge, notHard: true },
          train: { main, extension: { ...extension, distillation }, cloud },
        },
        /→ at train\.extension\.distillation/,
      ],
      [{ decision: "vote" }, /→ at decision/],
    ] as const) {
      assert.throws(() => parseRecipe({ ...tinyRecipe, ...changes }, "test"), refusal(what), String(what));
    }
  });

  it("names an unknown key, and those that may stand in its place", () => {
    const { edge } = tinyRecipe;
    assert.throws(
      () => parseRecipe({ ...tinyRecipe, edge: { ...edge, widths: [4] } }, "recipe"),
      (error) =>
        isMeanetError(error, "RECIPE_INVALID") &&
        /^recipe:\n✖ unknown key → edge\.widths; expected one of: input, classes, /.test(error.message),
    );
  });

  it("has no key of what is beyond the paper unless it is written there: checkpoints of old stay valid", () => {
    const recipe = parseRecipe(tinyRecipe, "test");
    assert.deepEqual(Object.keys(recipe).sort(), [...Object.keys(tinyRecipe), "decision", "notes"].sort());
    assert.deepEqual(Object.keys(recipe.train.extension).sort(), Object.keys(recipe.train.main!).sort());
    assert.equal("notHard" in recipe.edge, false);
  });
});

describe("the ablations of cifar100-resnet32-a", () => {
  it("differ from a shorter training of it in one thing each, behind the same main", async () => {
    const whole = await readRecipe(join(recipes, "cifar100-resnet32-a.yaml"));
    const base = await readRecipe(join(recipes, "ablations", "cifar100-resnet32-a-16-epochs.yaml"));
    const { cloud: _network, ...common } = whole;
    const train = { extension: { ...whole.train.extension, epochs: 16 } };
    assert.deepEqual(base, { ...common, name: base.name, mainFrom: whole.name, notes: [], train });
    const files = (await readdir(join(recipes, "ablations"))).filter((file) => !file.includes("-b-")).sort();
    const differing: Record<string, unknown> = {
      "cifar100-resnet32-a-all.yaml": { edge: { ...base.edge, hardClasses: 100 } },
      "cifar100-resnet32-a-distilled.yaml": {
        train: {
          extension: { ...base.train.extension, distillation: { weight: 0.5, temperature: 3 } },
        },
      },
      "cifar100-resnet32-a-h30.yaml": { edge: { ...base.edge, hardClasses: 30 } },
      "cifar100-resnet32-a-h70.yaml": { edge: { ...base.edge, hardClasses: 70 } },
      "cifar100-resnet32-a-not-hard.yaml": { edge: { ...base.edge, notHard: true } },
      "cifar100-resnet32-a-random-50.yaml": { hardClassRule: "random" },
      "cifar100-resnet32-a-sum.yaml": { edge: { ...base.edge, combine: "sum" } },
    };
    assert.deepEqual(files, [`${base.name}.yaml`, ...Object.keys(differing)]);
    for (const [file, difference] of Object.entries(differing)) {
      const recipe = await readRecipe(join(recipes, "ablations", file));
      assert.deepEqual(recipe, { ...base, name: file.replace(".yaml", ""), ...(difference as object) });
    }
  });
});

it("cifar100-resnet32-b-sum is variant B with a sum in place of the concatenation, behind the same main", async () => {
  const { cloud: _network, ...whole } = await readRecipe(join(recipes, "cifar100-resnet32-b.yaml"));
  const { extension } = whole.train;
  assert.deepEqual(await readRecipe(join(recipes, "ablations", "cifar100-resnet32-b-sum.yaml")), {
    ...whole,
    name: "cifar100-resnet32-b-sum",
    mainFrom: whole.name,
    edge: { ...whole.edge, combine: "sum" },
    train: { extension },
    notes: [],
  });
});
