#!/usr/bin/env node
// Plain JavaScript: a Node too old to run TypeScript starts here and hands over to the Node that npm installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const WANTED_MAJOR = 24;

// With a parent, the terminal's Ctrl-C is for the parent to act on, from the first moment.
if (process.send) process.on("SIGINT", () => undefined);

if (Number(process.versions.node.split(".")[0]) >= WANTED_MAJOR) {
  // Five processes load much the same modules: compiled once, they halve the time of every later start.
  module.enableCompileCache();
  const { main } = await import("../src/main.ts");
  await main(process.argv);
} else {
  handOver();
}

function handOver() {
  const node = installedNode();
  if (node === undefined) {
    console.error(
      `meanet needs Node ${WANTED_MAJOR}; this is ${process.versions.node}, and npm has installed none for ${process.platform} ${process.arch}.\n` +
        `Run "npm ci" in the project, or install Node ${WANTED_MAJOR} and run this again.`,
    );
    process.exit(1);
  }
  // The channel tells the child when this process vanishes, and that Ctrl-C is told to it from here.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // Supervised itself, it is told by SIGTERM; the terminal's SIGINT is not for it.
      if (signal === "SIGINT" && process.send) return;
      // Whatever the signal, SIGTERM is what ends the child; which it was is told first, for the child's own words.
      if (child.connected) child.send({ type: "signal", signal }, () => child.kill("SIGTERM"));
      else child.kill("SIGTERM");
    });
  }
  if (process.send) {
    child.on("message", (message) => process.send(message));
    process.on("disconnect", () => child.kill("SIGTERM"));
  }
  child.on("error", (error) => {
    console.error(`meanet could not start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function installedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = process.platform === "win32" ? "node.exe" : "node";
  let folder = dirname(fileURLToPath(import.meta.url));
  while (true) {
    const candidate = join(folder, "node_modules", `node-${platform}-${process.arch}`, "bin", name);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}
