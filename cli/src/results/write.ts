import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { Cifar100Document } from "./cifar-100.ts";

export const pictureFolder = "cifar-100";

/** Writes the document and its pictures; pictures that it no longer shows go. */
export async function writeDocument(out: string, { markdown, plots }: Cifar100Document): Promise<void> {
  const folder = join(out, pictureFolder);
  await mkdir(folder, { recursive: true });
  await writeFile(join(out, "cifar-100.md"), markdown);
  for (const [name, svg] of plots) await writeFile(join(folder, name), svg);
  for (const name of await pictures(folder)) {
    if (!plots.has(name)) await rm(join(folder, name));
  }
}

/** @throws {MeanetError} RESULTS_OUTDATED naming every file that is not what it should be */
export async function checkDocument(out: string, { markdown, plots }: Cifar100Document): Promise<void> {
  const folder = join(out, pictureFolder);
  const expected = new Map([
    [join(out, "cifar-100.md"), markdown],
    ...[...plots].map(([name, svg]) => [join(folder, name), svg] as const),
  ]);
  const strays = (await pictures(folder))
    .map((name) => join(folder, name))
    .filter((path) => !expected.has(path));
  const outdated: string[] = [...strays];
  for (const [path, text] of expected) {
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found !== text) outdated.push(path);
  }
  if (outdated.length > 0) {
    throw new MeanetError(
      "RESULTS_OUTDATED",
      `${outdated.join(", ")}: not what the figures give; run npm run meanet -- results cifar-100`,
      { outdated },
    );
  }
}

async function pictures(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(".svg")).sort();
}
