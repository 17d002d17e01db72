import { randomBytes } from "node:crypto";

/** Begins every frame id of one run, `r-mhx2k1f0-9a3c1e`: no journal of an earlier run answers for its frames. */
export function runId(): string {
  return `r-${Date.now().toString(36)}-${randomBytes(3).toString("hex")}`;
}

export function frameId(run: string, index: number): string {
  return `${run}-${index}`;
}
