import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createLog } from "@meanet/runtime";
import { logLines } from "./log-lines.ts";

async function logOf(text: string, otherwise: "info" | "warn"): Promise<Record<string, unknown>[]> {
  const written: Record<string, unknown>[] = [];
  const log = createLog("flows", "trace", { write: (line) => void written.push(JSON.parse(line)) });
  const stream = new PassThrough();
  const ended = once(stream, "close");
  logLines(stream, log, otherwise);
  stream.end(text);
  await ended;
  return written;
}

test("Node-RED's log › keeps level and node", async () => {
  const line = {
    nodeRed: "log",
    level: "error",
    text: "no broker",
    nodeType: "mqtt in",
    nodeName: "windows",
  };
  const [written, ...more] = await logOf(`${JSON.stringify(line)}\n`, "info");
  assert.deepEqual(more, []);
  const { level, msg, nodeType, nodeName } = written!;
  assert.deepEqual([level, msg, nodeType, nodeName], ["error", "no broker", "mqtt in", "windows"]);
});

test("Node-RED's log › what a node prints is written as it came, and not without end", async () => {
  const written = await logOf(`hello\r\n\n{"nodeRed":"log", broken\n${"x".repeat(10_000)}\n`, "warn");
  assert.deepEqual(
    written.map(({ level, msg }) => [level, String(msg).slice(0, 30)]),
    [
      ["warn", "hello"],
      ["warn", '{"nodeRed":"log", broken'],
      ["warn", "x".repeat(30)],
    ],
  );
  assert.equal(String(written.at(-1)?.msg).length, 4_000);
});
