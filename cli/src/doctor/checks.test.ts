import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { configSchema, start } from "@meanet/broker";
import { createLog } from "@meanet/runtime";
import { checkText } from "./check.ts";
import {
  checkBroker,
  checkBundles,
  checkCamera,
  checkDataset,
  checkImages,
  checkInflux,
  checkNode,
  checkPort,
  checkSqlite,
} from "./checks.ts";

describe("doctor", () => {
  it("finds this runtime and its native libraries at work", async () => {
    assert.equal((await checkNode()).state, "works");
    assert.equal((await checkSqlite()).state, "works");
    assert.deepEqual(await checkImages(), {
      name: "image decoder",
      state: "works",
      detail: "decodes pictures",
    });
  });

  it("says what to do about a Node that is too old", async () => {
    const result = await checkNode("20.20.2");
    assert.equal(result.state, "broken");
    assert.match(checkText(result), /Node: 20\.20\.2 is too old\n {4}→ run npm ci/);
  });

  it("finds ffmpeg, which only cameras need", async () => {
    assert.equal((await checkCamera()).state, "works");
    const { state, advice } = await checkCamera("ffmpeg-of-nobody");
    assert.deepEqual([state, advice], ["missing", "for meanet camera: apt-get install ffmpeg"]);
  });

  it("names the ways out of a taken port, which is not broken", async (context) => {
    const port = await listen(context, createServer());
    const result = await checkPort(port);
    assert.equal(result.state, "missing");
    assert.match(result.advice ?? "", new RegExp(`--port 0 .*--broker mqtt://127\\.0\\.0\\.1:${port}`));
  });

  it("reaches a broker, and names one that is not there", async (context) => {
    const broker = await start(
      configSchema.parse({ listeners: { tcp: { port: 0 } }, http: { enabled: false }, stopTimeout: "10ms" }),
      { log: createLog("doctor-test", "silent") },
    );
    context.after(() => broker.stop());
    const { port } = broker.addresses.tcp!;
    assert.equal((await checkBroker(`mqtt://127.0.0.1:${port}`)).state, "works");

    const result = await checkBroker(`mqtt://user:secret@127.0.0.1:${await closedPort()}`, 500);
    assert.equal(result.state, "broken");
    assert.match(result.advice ?? "", /meanet broker/);
    assert.doesNotMatch(checkText(result), /secret/);
  });

  it("tells an InfluxDB from another server and from none", async (context) => {
    const influx = createHttpServer((_request, response) => {
      response.writeHead(204, { "x-influxdb-version": "1.6.7" }).end();
    });
    const other = createHttpServer((_request, response) => response.end("hello"));
    const [influxPort, otherPort] = [await listen(context, influx), await listen(context, other)];
    assert.equal((await checkInflux(`http://127.0.0.1:${influxPort}/meanet`)).detail, "version 1.6.7");
    assert.match(
      (await checkInflux(`http://127.0.0.1:${otherPort}/meanet`)).detail,
      /answers \/ping with 200/,
    );
    const nowhere = `http://127.0.0.1:${await closedPort()}/meanet`;
    assert.match((await checkInflux(nowhere)).detail, /ECONNREFUSED/);
  });

  it("calls a missing bundle broken, and missing data missing", async () => {
    const bundle = (await checkBundles("./no/such/bundle")).find(({ name }) =>
      name.endsWith("no/such/bundle"),
    );
    assert.equal(bundle?.state, "broken");
    assert.match(bundle?.detail ?? "", /^BUNDLE_MISSING: /);
    assert.equal((await checkDataset("./no/such/folder")).state, "missing");
  });
});

async function listen(context: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
