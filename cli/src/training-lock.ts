import { rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { checkpointUnwritable } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";

/**
 * Keeps a folder of checkpoints for this process until it ends: two trainings would write the same ones in turn, and each go on from
 * the other's. What a process left that is no more is taken over.
 *
 * @throws {MeanetError} TRAINING_UNDER_WAY, CHECKPOINT_UNWRITABLE
 */
export async function lockTraining(work: string): Promise<void> {
  const path = `${work}.lock`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${process.pid}\n`, { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw checkpointUnwritable(path, cause);
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (isAlive(holder)) {
      throw new MeanetError(
        "TRAINING_UNDER_WAY",
        `process ${holder} trains in ${work}; wait for it, or name another folder with --work. If that process is no training, delete ${path}`,
        { work, process: holder },
        { cause },
      );
    }
    await writeFile(path, `${process.pid}\n`);
  }
  process.once("exit", () => rmSync(path, { force: true }));
}

function isAlive(process_: number): boolean {
  if (!Number.isInteger(process_) || process_ <= 0 || process_ === process.pid) return false;
  try {
    return process.kill(process_, 0);
  } catch (error) {
    // It is there, and another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
