import { cpus } from "node:os";

/** The machine that figures come from, in words: processors and the version of Node. */
export function machine(): string {
  const processors = cpus();
  return `${processors.length} x ${processors[0]?.model.trim() ?? process.arch}, Node ${process.versions.node}`;
}
