// A node that learns, without its pipeline, in a process of its own that kills itself: at its n-th touch of a file that its learning is
// kept in, counted from the first training on, or from the start. A write is torn: half of it reaches the file.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { mock } from "node:test";
import { openLearning, teachAll } from "./learning-for-tests.ts";

/**
 * What it does: shows frames with their labels, or agrees to hard classes that are proposed once it has; `again` only starts, `dismiss`
 * gives up what is proposed then, and `count` shows eight frames four times, and each time waits for their counts to be written.
 */
type Act = "teach" | "agree" | "again" | "dismiss" | "count";

export interface ChildTask {
  readonly folder: string;
  readonly bundle: string;
  /** 0: never. */
  readonly killAt: number;
  readonly act: Act;
  /** Of its configuration. */
  readonly changes: object;
}

const { folder, bundle, killAt, act, changes } = JSON.parse(process.argv[2]!) as ChildTask;
let touches = 0;
let counting = false;

function touch(path: unknown): boolean {
  if (!counting || !String(path).includes("/learning/")) return false;
  touches += 1;
  return touches === killAt;
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("killed");
}

type Path = Parameters<typeof fs.writeFileSync>[0];
const { writeFileSync, renameSync } = fs;
const { writeFile, rename, rm, mkdir } = fs.promises;
const half = (data: unknown) =>
  Buffer.from(data as Uint8Array).subarray(0, Buffer.byteLength(data as string) / 2);
fs.writeFileSync = (path, data, options) => {
  if (touch(path)) {
    writeFileSync(path, half(data));
    die();
  }
  writeFileSync(path, data, options);
};
fs.renameSync = (from, to) => {
  if (touch(from)) die();
  renameSync(from, to);
};
fs.promises.writeFile = async (path, data, options) => {
  if (touch(path)) {
    writeFileSync(path as Path, half(data));
    die();
  }
  await writeFile(path, data, options);
};
fs.promises.rename = async (from, to) => {
  if (touch(from)) die();
  await rename(from, to);
};
fs.promises.rm = async (path, options) => {
  if (touch(path)) die();
  await rm(path, options);
};
fs.promises.mkdir = (async (path: string, options: { recursive: true }) => {
  if (touch(path)) die();
  return mkdir(path, options);
}) as typeof mkdir;
syncBuiltinESMExports();

await using node = openLearning(folder, {
  publish: (training) => {
    process.send?.(training);
  },
  config: changes,
});
counting = act === "again";
await node.learning.load(bundle);
counting = act !== "agree";
if (act === "teach" || act === "agree") await teachAll(node);
counting = true;
if (act === "agree") await node.learning.acceptHardClasses();
if (act === "dismiss") node.learning.dismissHardClasses();
if (act === "count") {
  mock.timers.enable({ apis: ["setTimeout"] });
  for (let round = 0; round < 4; round++) {
    await teachAll(node, { count: 8, seed: round });
    mock.timers.tick(10_000);
  }
  mock.timers.reset();
}
await node.learning.idle();
process.send?.({ event: "end", touches });
process.disconnect?.();
