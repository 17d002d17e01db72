import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { configSchema, start } from "@meanet/recorder";
import { createLog } from "@meanet/runtime";
import { connection, FlowBench, type NodeRedVersion, startBroker } from "./flow-for-tests.ts";

export function describeQueryNode(version: NodeRedVersion): void {
  describe("query node", () => {
    const queryNode = (changes: Readonly<Record<string, unknown>> = {}) => ({
      ...{ id: "query", type: "meanet-query", connection: "site", wires: [["inbox"]] },
      ...{ query: "drops", since: "15m", until: "", by: "", interval: "", format: "objects" },
      ...changes,
    });
    const inboxNode = { id: "inbox", type: "helper" };

    it("asks the recorder, with options of the dialog before those of the message", async (context) => {
      const broker = await startBroker(context);
      const recorder = await startRecorder(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url, { recorder }),
        queryNode({ query: "", format: "table" }),
        inboxNode,
      ]);
      const inbox = flow.inbox("inbox");
      await flow.send("query", { query: "throughput", since: "1s", by: "device" });
      const [message] = await inbox.until(1);
      const table = message?.payload as { columns: string[]; rows: unknown[]; since: number; until: number };
      assert.equal(table.until - table.since, 15 * 60_000);
      assert.equal(table.columns[0], "device");
      assert.deepEqual(table.rows, []);
      assert.deepEqual(message?.columns, table.columns);
      await flow.status("query", ({ text }) => text === "status.rows");
      await assert.rejects(flow.send("query", { query: "throughput", site: "Hall 3" }), { message: /site/ });
    });

    it("names what the recorder refuses, and a recorder that is not there", async (context) => {
      const broker = await startBroker(context);
      const recorder = await startRecorder(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url, { recorder }),
        connection(broker.url, { id: "no-recorder" }),
        connection(broker.url, { id: "wrong-recorder", recorder: "http://127.0.0.1:1" }),
        connection(broker.url, { id: "no-json", recorder: await startPages(context) }),
        queryNode(),
        queryNode({ id: "none", connection: "no-recorder" }),
        queryNode({ id: "wrong", connection: "wrong-recorder" }),
        queryNode({ id: "else", connection: "no-json" }),
      ]);
      await assert.rejects(flow.send("query", { interval: "often" }), {
        code: "QUERY_INVALID",
        message: /often/,
      });
      await assert.rejects(flow.send("none", {}), { code: "CONFIG_INVALID" });
      await assert.rejects(flow.send("wrong", {}), {
        code: "RECORDER_UNREACHABLE",
        message: /no answer/,
      });
      await assert.rejects(flow.send("else", {}), {
        code: "RECORDER_UNREACHABLE",
        message: /is no recorder/,
      });
      await flow.status("wrong", ({ fill }) => fill === "red");
    });

    it("tells the editor which queries the recorder of a deployed connection knows", async (context) => {
      const broker = await startBroker(context);
      const recorder = await startRecorder(context, broker.url);
      const flow = await FlowBench.deploy(context, version, [
        connection(broker.url, { recorder }),
        connection(broker.url, { id: "no-recorder" }),
        queryNode(),
      ]);
      const ask = (id: string) => flow.get(`/meanet/connections/${id}/queries`);
      const { status, body } = await ask("site");
      assert.equal(status, 200);
      const names = (body as { name: string }[]).map(({ name }) => name);
      assert.ok(names.includes("throughput") && names.includes("exits"));
      const none = await ask("no-recorder");
      assert.deepEqual([none.status, (none.body as { code: string }).code], [502, "CONFIG_INVALID"]);
      assert.equal((await ask("query")).status, 404);
      assert.equal((await ask("unknown")).status, 404);
    });
  });
}

async function startRecorder(context: TestContext, url: string): Promise<string> {
  const state = mkdtempSync(join(tmpdir(), "meanet-query-node-"));
  const config = configSchema.parse({ site: "lab", mqtt: { url }, state });
  const recorder = await start(config, { log: createLog("recorder", "silent") });
  context.after(async () => {
    await recorder.stop();
    rmSync(state, { recursive: true });
  });
  return recorder.http!.url;
}

/** A server of web pages, as Node-RED itself is one. */
async function startPages(context: TestContext): Promise<string> {
  const server = createServer((_, response) => response.end("<!doctype html>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
