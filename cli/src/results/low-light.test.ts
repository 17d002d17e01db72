import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { LowLightResult, LowLightRun } from "../scenario/low-light.ts";
import { lowLightRun } from "../scenario/run.fixture.ts";
import { lowLightDocument } from "./low-light.ts";
import { readLowLightRuns, recordLowLightRun } from "./low-light-runs.ts";
import { checkDocument } from "./write.ts";

const documents = join(import.meta.dirname, "../../../docs/results");
const base = "npm run meanet -- scenario low-light";
const folders: string[] = [];

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "meanet-low-light-results-"));
  folders.push(folder);
  return folder;
}

/** A run of small figures that differs in these. */
function runOf(
  result: Partial<LowLightResult>,
  provenance: Partial<LowLightRun["provenance"]> = {},
): LowLightRun {
  const seed = result.seed ?? 1;
  const teacher = result.labels === "teacher" ? " --labels teacher" : "";
  return {
    ...lowLightRun,
    result: { ...lowLightRun.result, seed, ...result },
    provenance: { ...lowLightRun.provenance, command: `${base} --seed ${seed}${teacher}`, ...provenance },
  };
}

/** A folder that holds these runs on record. */
async function folderOf(runs: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await temporary();
  await mkdir(join(folder, "runs"));
  for (const [name, run] of Object.entries(runs)) {
    await writeFile(join(folder, "runs", name), JSON.stringify(run));
  }
  return folder;
}

async function documentOf(runs: Readonly<Record<string, unknown>>) {
  return lowLightDocument(await readLowLightRuns(await folderOf(runs)));
}

function section(markdown: string, title: string): string {
  return markdown.split(/^## /m).find((text) => text.startsWith(title))!;
}

function refusedWith(...texts: readonly string[]) {
  return (error: unknown) =>
    isMeanetError(error, "RESULTS_INVALID") && texts.every((text) => error.message.includes(text));
}

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

describe("the document of low light", () => {
  it("that comes with the project is what its runs give", async () => {
    await checkDocument(documents, lowLightDocument(await readLowLightRuns(join(documents, "low-light"))));
  });

  it("says what was not run, and gives no figure for it", async () => {
    const { markdown, plots } = lowLightDocument(await readLowLightRuns(await temporary()));
    assert.equal(plots.size, 0);
    for (const title of ["Labels of people", "Labels of the cloud"]) {
      assert.match(section(markdown, title), /\| 3 \| not run yet \|/);
      assert.match(section(markdown, title), /Plot: not run yet/);
      assert.doesNotMatch(section(markdown, title), /\d %\s*\|/);
    }
    assert.doesNotMatch(markdown, /## Other settings/);
  });

  it("shows each seed, their mean and deviation, and draws each", async () => {
    const second = runOf({
      seed: 2,
      hardAccuracy: { clean: 0.86, shiftedBefore: 0.66, shiftedAfter: 0.745 },
      seconds: 23.04,
    });
    const { markdown, plots } = await documentOf({ "a.json": runOf({}), "b.json": second });
    const people = section(markdown, "Labels of people");
    assert.match(
      people,
      /\| 1 \| 86\.0 % \| 64\.0 % \| 70\.5 % \| \+6\.5 \| 90\.0 % \| 89\.5 % \| −0\.5 \| 21\.0 \|/,
    );
    assert.match(people, /\| mean \| 86\.0 % \| 65\.0 % \| 72\.5 % \| \+7\.5 \|.*\| 22\.0 \| 310\.0 \|/);
    assert.match(people, /\| ± deviation \| 0\.0 % \| 1\.4 % \| 2\.8 % \| 1\.4 \|.*\| 1\.4 \| 0\.0 \|/);
    assert.match(people, /\| 3 \| not run yet \|/);
    assert.match(people, /- Seed 2: accepted: held out 66\.5 % → 73\.5 %\./);
    assert.match(people, /costs the hard classes 20\.0 to 22\.0 points; .* gives 30 % to 42 % of that back/);
    assert.match(
      people,
      /\| 1 \| 1,800 \| 300 \| 450 \| 800 \| 1\.5 \| 85\.0 % \/ – \/ 70\.0 % \| 90\.0 % \/ – \/ – \|/,
    );
    assert.deepEqual([...plots.keys()], ["true.svg"]);
    for (const text of ["seed 1", "seed 2", "good light", "low light"]) {
      assert.ok(plots.get("true.svg")!.includes(`>${text}</text>`), `no text "${text}"`);
    }
  });

  it("counts a refused training of the cloud's labels as no gain, and tells the edge's reason", async () => {
    const refused = {
      ...runOf({
        labels: "teacher",
        ...{ accepted: false, outcome: "refused", reason: "that may be luck" },
        hardAccuracy: { clean: 0.86, shiftedBefore: 0.64, shiftedAfter: 0.64 },
      }),
      events: [{ event: "refused", atS: 25, text: "that may be luck; held out 60.0 % → 61.0 %" }],
    };
    const { markdown, plots } = await documentOf({ "people.json": runOf({}), "cloud.json": refused });
    const cloud = section(markdown, "Labels of the cloud");
    assert.match(cloud, /- Seed 1: refused: that may be luck; held out 60\.0 % → 61\.0 %\./);
    assert.match(cloud, /gains \+0\.0 points, against \+6\.5 with labels of people/);
    assert.deepEqual([...plots.keys()], ["true.svg", "teacher.svg"]);
  });

  it("shows runs of other settings apart, with their command", async () => {
    const other = runOf({}, { command: `${base} --seed 1 --items 400` });
    const { markdown } = await documentOf({ "a.json": runOf({}), "fewer-items.json": other });
    assert.match(
      section(markdown, "Other settings"),
      /### `npm run meanet -- scenario low-light --items 400`/,
    );
    assert.doesNotMatch(section(markdown, "Labels of people"), /\| mean \|/);
  });

  it("names the files of a seed that was run twice", async () => {
    const { markdown } = await documentOf({ "true-1.json": runOf({}), "again.json": runOf({}) });
    const people = section(markdown, "Labels of people");
    assert.match(people, /\| 1 \(again\) \| 86\.0 %/);
    assert.match(people, /\| 1 \(true-1\) \| 86\.0 %/);
  });
});

describe("runs of low light on record", () => {
  it("are refused by name when they are no JSON, or no run of the scenario", async () => {
    const folder = await folderOf({ "other.json": { manifest: {} } });
    await assert.rejects(readLowLightRuns(folder), refusedWith("runs/other.json", "result"));
    await writeFile(join(folder, "runs/other.json"), "{");
    await assert.rejects(readLowLightRuns(folder), refusedWith("runs/other.json", "not JSON"));
    const older = { ...lowLightRun, provenance: undefined };
    await assert.rejects(documentOf({ "older.json": older }), refusedWith("runs/older.json", "provenance"));
  });

  it("are refused when they are of two bundles, or of one that was trained anew", async () => {
    const newer = runOf({ seed: 2 }, { bundleCreatedAt: "2026-11-22T12:00:00.000Z" });
    await assert.rejects(
      documentOf({ "a.json": runOf({}), "b.json": newer }),
      refusedWith("runs/b.json is of small@1.0.0, finished 2026-11-22", "a.json of small@1.0.0"),
    );
  });

  it("take the place of an earlier run of the same command, and of no other", async () => {
    const folder = await temporary();
    const left = join(await temporary(), "true-1.json");
    const leave = (run: LowLightRun) => writeFile(left, JSON.stringify(run));
    await leave(runOf({}));
    const kept = await recordLowLightRun(left, folder);
    assert.equal(kept, join(folder, "runs/true-1.json"));
    const again = runOf({ seconds: 30 });
    await leave(again);
    await recordLowLightRun(left, folder);
    assert.deepEqual(JSON.parse(await readFile(kept, "utf8")), again);
    await leave(runOf({}, { command: `${base} --seed 1 --items 400` }));
    await assert.rejects(recordLowLightRun(left, folder), refusedWith("runs/true-1.json", "--items 400"));
    await assert.rejects(
      recordLowLightRun(join(folder, "none.json"), folder),
      refusedWith("none.json cannot be read"),
    );
  });
});
