import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { isMeanetError } from "./error.ts";
import { httpConfigSchema, listenError, listenHttp } from "./http.ts";
import { Counter, createMetrics } from "./metrics.ts";

const config = httpConfigSchema.parse({});

describe("http listener", () => {
  test("is alive at once, and ready when nothing is waited for", async (context) => {
    const waitingFor = ["broker"];
    const http = await listenHttp(config, { metrics: createMetrics("edge"), notReady: () => waitingFor });
    context.after(() => http.close());
    assert.equal((await fetch(`${http.url}/healthz`)).status, 200);
    const before = await fetch(`${http.url}/readyz`);
    assert.equal(before.status, 503);
    assert.deepEqual(await before.json(), { ready: false, waitingFor: ["broker"] });
    waitingFor.pop();
    const after = await fetch(`${http.url}/readyz`);
    assert.equal(after.status, 200);
    assert.deepEqual(await after.json(), { ready: true, waitingFor: [] });
  });

  test("shows the metrics of its own process only", async (context) => {
    const metrics = createMetrics("edge");
    const other = createMetrics("worker");
    new Counter({ name: "meanet_frames_total", help: "frames", registers: [metrics] }).inc(3);
    new Counter({ name: "meanet_frames_total", help: "frames", registers: [other] }).inc(5);
    const http = await listenHttp(config, { metrics, notReady: () => [] });
    context.after(() => http.close());
    const answer = await fetch(`${http.url}/metrics`);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
    const text = await answer.text();
    assert.match(text, /^meanet_frames_total\{process="edge"\} 3$/m);
    assert.match(text, /^process_cpu_seconds_total/m);
  });

  test("takes routes of its process", async (context) => {
    const http = await listenHttp(config, {
      metrics: createMetrics("recorder"),
      notReady: () => [],
      routes: (server) => void server.get("/query", () => ({ rows: 2 })),
    });
    context.after(() => http.close());
    assert.deepEqual(await (await fetch(`${http.url}/query`)).json(), { rows: 2 });
  });

  for (const [name, bytes] of [
    ["nothing", ""],
    ["half a header", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: "],
    ["half a body", "POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"],
  ]) {
    test(`ends a connection on which a request trickles for ever: ${name}`, {
      timeout: 300_000,
    }, async (context) => {
      const hasty = httpConfigSchema.parse({ requestTimeout: "200ms" });
      const http = await listenHttp(hasty, { metrics: createMetrics("edge"), notReady: () => [] });
      context.after(() => http.close());
      const socket = connect(Number(new URL(http.url).port), "127.0.0.1");
      context.after(() => socket.destroy());
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(bytes!);
      const trickle = setInterval(() => bytes !== "" && socket.write("x"), 50);
      context.after(() => clearInterval(trickle));
      // In order or by a reset.
      if (!socket.closed) await new Promise<void>((resolve) => void socket.once("close", () => resolve()));
    });
  }

  test("says what to do when its port is taken", async (context) => {
    const options = { metrics: createMetrics("edge"), notReady: () => [] };
    const first = await listenHttp(config, options);
    context.after(() => first.close());
    const port = Number(new URL(first.url).port);
    await assert.rejects(listenHttp({ ...config, port }, options), (error) => {
      assert.ok(isMeanetError(error, "PORT_TAKEN"));
      assert.match(error.message, new RegExp(`port ${port} on 127.0.0.1 is taken: .*http.port`));
      return true;
    });
  });

  test("leaves other failures as they are", () => {
    const cause = Object.assign(new Error("no such address"), { code: "EADDRNOTAVAIL" });
    assert.equal(listenError(cause, "10.0.0.1", 1, "http.port"), cause);
  });
});
