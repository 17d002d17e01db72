import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StartedParts } from "@meanet/runtime";

/** On the disk that `meanet up` would use: folders for temporary files may lie in memory, where the journal waits for no disk. */
const STATES = join(import.meta.dirname, "../../.meanet");

/** A state folder of a measurement's own, which goes with its parts. */
export async function openState(parts: StartedParts): Promise<string> {
  await mkdir(STATES, { recursive: true });
  const state = await mkdtemp(join(STATES, "bench-"));
  return parts.add("state", state, (folder) => rm(folder, { recursive: true, force: true }));
}
