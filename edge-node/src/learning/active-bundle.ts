/**
 * The bundles that an edge node has learned from one original bundle, and which of them is in force.
 *
 *     {folder}/active.json          the pointer: written last, beside and renamed
 *     {folder}/bundles/{version}    whole bundles, two at most: the one in force and its predecessor
 *
 * A kill at any moment leaves the pointer at a whole bundle: bundles too are written beside and renamed, and removed only when no pointer
 * names them any more.
 */
import { renameSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type AdaptationResult, type Bundle, writeBundle } from "@meanet/models";
import { z } from "zod";

const pointerSchema = z.strictObject({
  /** Trainings begun so far: numbers and names are never given twice. */
  run: z.int().min(0),
  /** Version of the bundle in force; null: the original. */
  active: z.string().nullable(),
  /** The predecessor, while the bundle in force is on trial. */
  onTrial: z
    .strictObject({
      before: z.string().nullable(),
      /** Milliseconds since 1970; absent in pointers written before trials had a time limit. */
      since: z.number().optional(),
    })
    .nullable(),
  /** Hard classes of the next training, when others than those in force were agreed on. */
  agreed: z.array(z.int().min(0)).nullable(),
});
export type Pointer = z.output<typeof pointerSchema>;

const UNTOUCHED: Pointer = { run: 0, active: null, onTrial: null, agreed: null };

export class ActiveBundle {
  readonly #folder: string;
  readonly #base: string;
  #pointer: Pointer = UNTOUCHED;
  /** Version that was written and not yet pointed to. */
  #written: string | undefined;

  /** @param base - folder of the original bundle */
  constructor(folder: string, base: string) {
    this.#folder = folder;
    this.#base = base;
  }

  /**
   * Reads the pointer; a damaged one counts as none, and the original bundle is in force. Rejects when it cannot be read now, and then
   * removes nothing: it may name a bundle.
   */
  async open(onDamage: (error: unknown) => void): Promise<void> {
    await mkdir(join(this.#folder, "bundles"), { recursive: true });
    const text = await readFile(this.#file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text !== undefined) {
      try {
        this.#pointer = pointerSchema.parse(JSON.parse(text));
      } catch (error) {
        onDamage(error);
      }
    }
    await this.#clean();
  }

  get pointer(): Pointer {
    return this.#pointer;
  }

  /** Folder of the bundle in force. */
  get active(): string {
    return this.folderOf(this.#pointer.active);
  }

  folderOf(version: string | null): string {
    return version === null ? this.#base : join(this.#folder, "bundles", version);
  }

  /** Changes the pointer, durably, and removes bundles that nothing points to any more. */
  async point(changes: Partial<Pointer>): Promise<void> {
    const next = { ...this.#pointer, ...changes };
    // Synchronous, so that two changes never write the same file at once.
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(next, undefined, 2)}\n`, { flush: true });
    renameSync(`${this.#file}.new`, this.#file);
    this.#pointer = next;
    if (changes.active !== undefined) this.#written = undefined;
    await this.#clean();
  }

  /** Writes a bundle with another extension; nothing points to it yet. @returns its version */
  async write(
    current: Bundle,
    result: Pick<AdaptationResult, "extension" | "epochs">,
    made: {
      readonly base: string;
      readonly node: string;
      readonly hardClasses: readonly number[];
      readonly items: number;
      readonly at: Date;
    },
  ): Promise<string> {
    const { manifest, files } = current;
    const [plain] = manifest.version.split("+");
    const version = `${plain}+${made.node}.${this.#pointer.run}`;
    const { schema: _, files: entries, ...described } = manifest;
    const { main, reference } = files;
    this.#written = version;
    // Without the cloud's network, which an edge node does not run.
    await writeBundle(this.folderOf(version), {
      manifest: {
        ...described,
        version,
        hardClasses: made.hardClasses,
        provenance: {
          ...manifest.provenance,
          learned: {
            from: `${manifest.name}@${manifest.version}`,
            base: made.base,
            items: made.items,
            epochs: result.epochs,
          },
          createdAt: made.at.toISOString(),
        },
      },
      files: { main, extension: result.extension },
      reference:
        reference === undefined || entries.reference === undefined
          ? undefined
          : { bytes: reference, items: entries.reference.items },
    });
    return version;
  }

  async #clean(): Promise<void> {
    const there = await readdir(join(this.#folder, "bundles"));
    for (const version of there) {
      const { active, onTrial } = this.#pointer;
      const wanted = [active, onTrial?.before, this.#written];
      // `.{version}.new`: it is being written at this moment.
      const isBeside = this.#written !== undefined && version.startsWith(`.${this.#written}.`);
      if (isBeside || wanted.includes(version)) continue;
      await rm(join(this.#folder, "bundles", version), { recursive: true, force: true });
    }
  }

  get #file(): string {
    return join(this.#folder, "active.json");
  }
}
