import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { forwardAll } from "../testing/forwarded.ts";
import { answered, refused, rows, START } from "../testing/verdicts.ts";
import { Forwarder } from "./forwarder.ts";
import { connectHttpTarget } from "./http-target.ts";
import { connectInflux, type PointTarget } from "./influx-server.ts";
import { toLine } from "./line-protocol.ts";
import { toPoint } from "./point.ts";
import { TagGuard } from "./tag-guard.ts";

const TOKEN = "s3cret-token==";
const log = createLog("test", "silent");
const config = { batch: 100, retryWait: 5, maxRetryWait: 20, maxTagValues: 100 };

interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

type Answer = readonly [status: number, body?: string];

/** A plain HTTP server in the place of one that cannot be run here: keeps every byte, and answers as it is told. */
async function server(context: TestContext, answer: (asked: Asked) => Answer = () => [204]) {
  const asked: Asked[] = [];
  const http = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const { authorization, "content-type": contentType } = request.headers;
      const one = { line: `${request.method} ${request.url}`, authorization, contentType, body };
      asked.push(one);
      const [status, said = ""] = answer(one);
      response.writeHead(status).end(said);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  context.after(() => void http.close());
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked };
}

const account = { org: "our org", bucket: "meanet/all", token: TOKEN, requestTimeout: 5000 };

async function forward(target: PointTarget, verdicts: Parameters<typeof rowsOf>[0], logger = log) {
  const store = openSqliteStore(":memory:");
  store.write(rowsOf(verdicts));
  const forwarder = new Forwarder({ store, server: target, config, log: logger });
  const state = await forwardAll(forwarder);
  await forwarder.stop(1000);
  store.close();
  return state;
}

function rowsOf(verdicts: readonly (ReturnType<typeof answered> | ReturnType<typeof refused>)[]) {
  return verdicts.map((verdict) => ({ kind: "verdict", verdict }) as const);
}

const one = answered(1, { label: 'a "cat" \\ dog', at: START });
const ONE =
  "verdict,site=lab,edge=edge-1,device=cam-1,model=toy@1.0.0,exit=main,outcome=answered,reason=none " +
  'class_index=3i,cloud="none",cloud_j=0,compute_ms=2,confidence=0.9,energy_j=0.01,energy_source="modelled:toy",' +
  'entropy=0.2,extension_j=0,id="frame-1",journal="journal-1",label="a \\"cat\\" \\\\ dog",latency_ms=5,queue_ms=1,' +
  `route="easy",seq=1i,under_6_3_ms=1i,uplink_bytes=0i,uplink_j=0 ${START}972833`;

describe("points for InfluxDB 2 and 3", () => {
  test("version 2 gets line protocol at /api/v2/write, by organisation and bucket, with its token", async (context) => {
    const { url, asked } = await server(context);
    const state = await forward(connectHttpTarget(2, { ...account, url: `${url}/` }), [one]);
    assert.equal(state.sent, 1);
    const [request] = asked;
    assert.equal(request?.line, "POST /api/v2/write?org=our+org&bucket=meanet%2Fall&precision=ns");
    assert.deepEqual(
      [request.authorization, request.contentType],
      [`Token ${TOKEN}`, "text/plain; charset=utf-8"],
    );
    assert.equal(request.body, ONE);
  });

  test("version 3 gets the same bytes at /api/v3/write_lp, by database, with its token", async (context) => {
    const [two, three] = [await server(context), await server(context)];
    await forward(connectHttpTarget(2, { ...account, url: two.url }), [one, refused(2)]);
    await forward(connectHttpTarget(3, { ...account, url: three.url }), [one, refused(2)]);
    const [request] = three.asked;
    assert.equal(
      request?.line,
      "POST /api/v3/write_lp?db=meanet%2Fall&precision=nanosecond&accept_partial=true",
    );
    assert.equal(request.authorization, `Bearer ${TOKEN}`);
    assert.equal(request.body, two.asked[0]?.body);
    assert.equal(request.body.split("\n").length, 2);
  });

  test("are the bytes that the client of version 1 sends", async (context) => {
    const { url, asked } = await server(context);
    const store = openSqliteStore(":memory:");
    const stats = { kind: "edge", at: START, uptimeS: 9, counters: { frames: 7 }, queues: { a: 1 } } as const;
    store.write([
      ...rowsOf([
        one,
        refused(2),
        answered(3, { uplinkBytes: 12, frameBytes: 3, stages: { decodeMs: 0.5 } }),
      ]),
      { kind: "label", site: "lab", device: "cam-1", id: "frame-3", label: 3 },
      { kind: "stats", site: "lab", node: "edge-1", stats: { ...stats, drops: { overload: 3 } } },
    ]);
    const points = store.changesAfter(0, 100).map((change) => toPoint(change, new TagGuard(store, 100)));
    store.close();
    await connectInflux({ url: `${url}/meanet`, requestTimeout: 5000 }).write(points);
    assert.equal(asked[0]?.line, "POST /write?db=meanet&precision=n&rp=");
    assert.equal(asked[0].body, points.map(toLine).join("\n"));
    assert.equal(points.length, 5);
  });

  for (const version of [2, 3] as const) {
    test(`version ${version}: a point that is refused is dropped alone`, async (context) => {
      const { url } = await server(context, ({ body }) =>
        body.includes('id="frame-77"') ? [version === 2 ? 422 : 400, '{"message":"partial write"}'] : [204],
      );
      const state = await forward(connectHttpTarget(version, { ...account, url }), rows(1, 150));
      assert.deepEqual([state.sent, state.dropped, state.lastError], [149, 1, undefined]);
    });

    test(`version ${version}: what fails is tried again, in the same order, until it is taken`, async (context) => {
      let failures = 5;
      const { url, asked } = await server(context, () =>
        failures-- > 0 ? [failures % 2 ? 503 : 429, "too much to do"] : [204],
      );
      const state = await forward(connectHttpTarget(version, { ...account, url }), rows(1, 250));
      assert.deepEqual([state.sent, state.dropped], [250, 0]);
      const taken = asked.slice(5).flatMap(({ body }) => body.split("\n"));
      const seqs = taken.map((line) => Number(/,seq=(\d+)i/.exec(line)?.[1]));
      assert.deepEqual(
        seqs,
        Array.from({ length: 250 }, (_, index) => index + 1),
      );
    });

    test(`version ${version}: a request that is too large is sent in halves`, async (context) => {
      const { url } = await server(context, ({ body }) => (body.split("\n").length > 30 ? [413] : [204]));
      const state = await forward(connectHttpTarget(version, { ...account, url }), rows(1, 100));
      assert.deepEqual([state.sent, state.dropped], [100, 0]);
    });

    test(`version ${version}: points older than it keeps are counted, none is tried again`, async (context) => {
      const message =
        "failure writing points to database: partial write: points beyond retention policy dropped=40";
      const { url, asked } = await server(context, () => [422, JSON.stringify({ message })]);
      const state = await forward(connectHttpTarget(version, { ...account, url }), rows(1, 100));
      assert.deepEqual([state.sent, state.expired, state.dropped, asked.length], [60, 40, 0, 1]);
    });

    test(`version ${version}: what is missing is said, and neither log nor state shows the token`, async (context) => {
      let there = false;
      const { url } = await server(context, () => (there ? [204] : [404, '{"code":"not found"}']));
      const lines: string[] = [];
      const logger = createLog(
        "test",
        "debug",
        new Writable({
          write(chunk, _encoding, done) {
            lines.push(String(chunk));
            done();
          },
        }),
      );
      const target = connectHttpTarget(version, { ...account, url });
      const store = openSqliteStore(":memory:");
      store.write(rowsOf([one]));
      const forwarder = new Forwarder({ store, server: target, config, log: logger });
      forwarder.wake();
      const { lastError } = await waitUntil(
        "the failure is told",
        () => forwarder.state,
        (state) => state.lastError !== undefined,
      );
      assert.match(
        lastError!,
        version === 2 ? /no bucket .* influx bucket create/ : /no database .* influxdb3 create/,
      );
      there = true;
      await waitUntil(
        "all is forwarded",
        () => forwarder.state,
        ({ backlog }) => backlog === 0,
      );
      await forwarder.stop(1000);
      store.close();
      const told = lines.join("") + JSON.stringify(forwarder.state) + target.name;
      assert.ok(lines.length >= 2 && !told.includes(TOKEN));
    });
  }

  test("a server of another version is told apart from one that lacks the bucket", async (context) => {
    // As InfluxDB 1.6 answers, and InfluxDB 2 what only 3 knows.
    for (const [version, said] of [
      [2, "404 page not found\n"],
      [3, '{"code":"not found","message":"path not found"}'],
    ] as const) {
      const { url } = await server(context, () => [404, said]);
      await assert.rejects(
        connectHttpTarget(version, { ...account, url }).write([]),
        new RegExp(
          `answers 404, .* not found.*: this is no InfluxDB ${version}, check the URL and influx.version`,
        ),
      );
    }
  });

  test("a token that is refused is told as such, and shown nowhere", async (context) => {
    const { url } = await server(context, () => [401, '{"code":"unauthorized"}']);
    await assert.rejects(connectHttpTarget(2, { ...account, url }).write([]), (error: unknown) => {
      assert.match(String(error), /answers 401, .*unauthorized.*: check the token and its rights/);
      return !String(error).includes(TOKEN);
    });
  });

  test("a server that is not there is waited for", async () => {
    const target = connectHttpTarget(2, { ...account, url: "http://127.0.0.1:9" });
    await assert.rejects(target.write([]), (error) => !String(error).includes(TOKEN));
  });
});
