import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { configSchema as brokerConfigSchema, start as startBroker } from "@meanet/broker";
import { configSchema, start } from "@meanet/recorder";
import { openSqliteStore } from "@meanet/recorder/testing";
import { createLog } from "@meanet/runtime";
import { answered } from "./verdict.fixture.ts";

const run = promisify(execFile);
const bin = join(import.meta.dirname, "../bin/meanet.js");

test("query, trace and whatif › a recorder answers over HTTP as its database does", async (context) => {
  const state = mkdtempSync(join(tmpdir(), "meanet-ask-recorder-"));
  context.after(() => rmSync(state, { recursive: true }));
  const file = join(state, "recorder.sqlite");
  const store = openSqliteStore(file);
  const verdict = answered({ id: "frame-1" });
  store.write([{ kind: "verdict", verdict }]);
  store.close();
  const log = createLog("ask-recorder-test", "silent");
  const broker = await startBroker(
    brokerConfigSchema.parse({
      listeners: { tcp: { port: 0 } },
      http: { enabled: false },
      stopTimeout: "10ms",
    }),
    { log },
  );
  context.after(() => broker.stop());
  const url = `mqtt://127.0.0.1:${broker.addresses.tcp!.port}`;
  const recorder = await start(configSchema.parse({ state, mqtt: { url }, http: { port: 0 } }), { log });
  context.after(() => recorder.stop());

  const since = ["--since", String(verdict.at - 1000), "--until", String(verdict.at + 1000)];
  for (const asked of [
    ["query", "exits", "--by", "device", ...since],
    ["trace", "frame-1"],
    ["whatif", ...since],
  ]) {
    const [here, there] = await Promise.all([
      run(process.execPath, [bin, ...asked, "--json", "--store", file]),
      run(process.execPath, [bin, ...asked, "--json", "--recorder", recorder.http!.url]),
    ]);
    assert.match(here.stdout, /camera-1|frame-1|"frames":1/);
    assert.equal(there.stdout, here.stdout);
  }
});
