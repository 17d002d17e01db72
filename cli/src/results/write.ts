import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";

/** A document of results, as text. */
export interface ResultsDocument {
  /** `{name}.md` is the document, `{name}/` the folder of its pictures and of the figures put on record. */
  readonly name: "cifar-100" | "low-light";
  readonly markdown: string;
  /** SVG by file name. */
  readonly plots: ReadonlyMap<string, string>;
}

/** Writes the document and its pictures; pictures that it no longer shows go. */
export async function writeDocument(out: string, { name, markdown, plots }: ResultsDocument): Promise<void> {
  const folder = join(out, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(out, `${name}.md`), markdown);
  for (const [file, svg] of plots) await writeFile(join(folder, file), svg);
  for (const file of await pictures(folder)) {
    if (!plots.has(file)) await rm(join(folder, file));
  }
}

/** @throws {MeanetError} RESULTS_OUTDATED naming every file that is not what it should be */
export async function checkDocument(out: string, { name, markdown, plots }: ResultsDocument): Promise<void> {
  const folder = join(out, name);
  const expected = new Map([
    [join(out, `${name}.md`), markdown],
    ...[...plots].map(([file, svg]) => [join(folder, file), svg] as const),
  ]);
  const strays = (await pictures(folder))
    .map((file) => join(folder, file))
    .filter((path) => !expected.has(path));
  const outdated: string[] = [...strays];
  for (const [path, text] of expected) {
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found !== text) outdated.push(path);
  }
  if (outdated.length > 0) {
    throw new MeanetError(
      "RESULTS_OUTDATED",
      `${outdated.join(", ")}: not what the figures give; run npm run meanet -- results ${name}`,
      { outdated },
    );
  }
}

async function pictures(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files.filter((file) => file.endsWith(".svg")).sort();
}
