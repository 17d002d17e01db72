import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { type Mosquitto, startMosquitto, waitUntil } from "@meanet/session/testing";
import type { z } from "zod";
import { configSchema } from "../config.ts";
import { start } from "../main.ts";
import { Edge } from "../testing/edge.ts";
import type { ThumbnailEntry } from "./entry.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-thumbnails-"));
let broker: Mosquitto;
let scenes = 0;

before(async () => {
  broker = await startMosquitto();
});
after(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const webp = (text: string) => Buffer.from(`RIFF....WEBP${text}`, "latin1");

/** A recorder, and an edge node that publishes to it. */
async function scene(context: TestContext, changes: z.input<typeof configSchema> = {}) {
  const site = `site-${++scenes}`;
  const state = join(folder, site);
  const settings = { site, node: `recorder-${scenes}`, state, mqtt: { url: broker.url }, ...changes };
  const recorder = await start(configSchema.parse(settings), { log: createLog("recorder", "silent") });
  const edge = await Edge.connect(broker.url, `edge-${scenes}`, site);
  context.after(async () => {
    await edge.session.close();
    await recorder.stop();
  });
  const { url } = recorder.http!;
  const { session } = edge;
  return {
    ...{ site, state, url, edge },
    picture: (id: string, bytes: Uint8Array, device = "cam-1") =>
      session.publish(session.topics.thumbnail, { site, device, id }, bytes, { qos: 1 }),
    label: (id: string, label: string) =>
      session.publish(session.topics.label, { site, device: "cam-1", id }, { label }),
    /** A verdict of the cloud on a frame that the edge took for something else. */
    disagree: () =>
      edge.publish(
        edge.write({
          ...{ exit: "cloud", cloud: "answered", label: "dog", classIndex: 5 },
          edgeAnswer: { label: "cat", classIndex: 3, confidence: 0.4, exit: "main", complete: true },
        }),
      ),
    get: (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers }),
    list: async (path: string) => (await (await fetch(`${url}${path}`)).json()) as ThumbnailEntry[],
  };
}

function untilListed(list: () => Promise<ThumbnailEntry[]>, ids: readonly string[]) {
  const isThere = (seen: ThumbnailEntry[]) => seen.map(({ id }) => id).join() === ids.join();
  return waitUntil(`${ids.join()} are listed`, list, isThere);
}

/** A request whose Host and Referer are a page's own: `fetch` sets them by itself. */
function ask(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number; policy: string | undefined }>((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      response.resume();
      response.on("end", () => {
        const policy = response.headers["cross-origin-resource-policy"];
        resolve({ status: response.statusCode!, policy: policy === undefined ? undefined : String(policy) });
      });
    });
    sent.on("error", reject).end();
  });
}

describe("pictures at the recorder", { timeout: 300_000 }, () => {
  test("are served as what they are and nothing else, and once to who has them", async (context) => {
    const { picture, get, list } = await scene(context);
    await picture("a", webp("one"));
    await picture("b", webp("two"));
    await untilListed(() => list("/thumbnails"), ["b", "a"]);
    const latest = await get("/thumbnail/cam-1");
    assert.deepEqual(
      ["content-type", "x-content-type-options", "cache-control", "meanet-frame"].map((name) =>
        latest.headers.get(name),
      ),
      ["image/webp", "nosniff", "private, no-cache", "b"],
    );
    assert.match(latest.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.deepEqual(Buffer.from(await latest.arrayBuffer()), webp("two"));
    const etag = latest.headers.get("etag")!;
    const again = await get("/thumbnail/cam-1", { "if-none-match": `"x", W/${etag}` });
    assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0]);
    const other = await get("/thumbnail/cam-1/a", { "if-none-match": etag });
    assert.equal(other.status, 200);
    assert.deepEqual(Buffer.from(await other.arrayBuffer()), webp("one"));
    await picture("c", webp("three"));
    await untilListed(() => list("/thumbnails?latest=true"), ["c"]);
    assert.equal((await get("/thumbnail/cam-1", { "if-none-match": etag })).status, 200);
  });

  test("tell what is not there, and what was asked wrongly, by name", async (context) => {
    const { get } = await scene(context);
    for (const [path, status, error] of [
      ["/thumbnail/cam-9", 404, "THUMBNAIL_UNKNOWN"],
      ["/thumbnail/cam-1/none", 404, "THUMBNAIL_UNKNOWN"],
      ["/thumbnail/CAM", 400, "QUERY_INVALID"],
      ["/thumbnail/cam-1?site=..%2F", 400, "QUERY_INVALID"],
      ["/thumbnails?limit=0", 400, "QUERY_INVALID"],
      ["/thumbnails?limit=1e9", 400, "QUERY_INVALID"],
      ["/disagreements?since=1h", 400, "QUERY_INVALID"],
    ] as const) {
      const response = await get(path);
      const told = (await response.json()) as { error: string; reason: string };
      assert.deepEqual([response.status, told.error], [status, error], path);
      assert.ok(told.reason.length > 10);
    }
  });

  test("are not what a hostile sender published", async (context) => {
    const { picture, get, list, url } = await scene(context);
    await picture("svg", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"));
    await picture("html", Buffer.from("<!doctype html><script>alert(1)</script>"));
    await picture("large", Buffer.concat([webp(""), Buffer.alloc(3_000_000)]));
    await picture("good", webp("one"));
    await untilListed(() => list("/thumbnails"), ["good"]);
    assert.equal((await get("/thumbnail/cam-1/svg")).status, 404);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /dropped_records_total\{reason="thumbnail-refused",process="recorder"\} 3/);
    assert.match(metrics, /meanet_recorder_thumbnails_total\{process="recorder"\} 1/);
  });

  test("are those that edge and cloud disagree about until they are labelled", async (context) => {
    const { picture, disagree, edge, label, list } = await scene(context);
    await disagree();
    await edge.answer(1);
    await disagree();
    for (const id of ["frame-1", "frame-2", "frame-3"]) await picture(id, webp(id));
    const [, first] = await untilListed(() => list("/disagreements"), ["frame-3", "frame-1"]);
    assert.deepEqual(
      [first?.disagreed, first?.verdict?.edgeLabel, first?.verdict?.cloudLabel, first?.verdict?.label],
      [true, "cat", "dog", "dog"],
    );
    await label("frame-3", "cat");
    await untilListed(() => list("/disagreements?device=cam-1&limit=5"), ["frame-1"]);
    assert.deepEqual(await list("/disagreements?device=cam-2"), []);
  });

  test("may be read by pages of this machine and of named origins, and by no others", async (context) => {
    const { picture, get, list, url } = await scene(context, {
      http: { allowOrigins: ["https://wall.example.org"] },
    });
    await picture("a", webp("one"));
    await untilListed(() => list("/thumbnails"), ["a"]);
    for (const path of ["/thumbnail/cam-1", "/thumbnails", "/query/throughput"]) {
      const allowed = async (origin: string) => {
        const response = await get(path, { origin });
        await response.arrayBuffer();
        assert.equal(response.headers.get("vary"), "Origin");
        return response.headers.get("access-control-allow-origin");
      };
      assert.equal(await allowed("http://localhost:1880"), "http://localhost:1880", path);
      assert.equal(await allowed("https://wall.example.org"), "https://wall.example.org", path);
      for (const origin of ["https://evil.example", "null"]) assert.equal(await allowed(origin), null, path);
    }
    const picturePath = `${url}/thumbnail/cam-1`;
    const referer = "http://localhost:1880/dashboard";
    assert.equal((await ask(picturePath, { referer })).policy, "cross-origin");
    assert.equal((await ask(picturePath, { referer: "http://evil.example/" })).policy, "same-site");
    for (const path of ["/thumbnail/cam-1", "/query/throughput", "/frame/a", "/whatif", "/store", "/metrics"])
      assert.equal((await ask(`${url}${path}`, { host: "evil.example" })).status, 403, path);
    assert.equal((await ask(picturePath, { host: "wall.example.org" })).status, 200);
  });

  test("are of one's own site unless all sites are recorded and one is named", async (context) => {
    const own = await scene(context);
    const all = await scene(context, { record: "all-sites" });
    await own.picture("a", webp("one"));
    await untilListed(() => own.list("/thumbnails"), ["a"]);
    await untilListed(() => all.list(`/thumbnails?site=${own.site}`), ["a"]);
    const [entry] = await all.list(`/thumbnails?site=${own.site}`);
    assert.equal((await all.get(entry!.path)).status, 200);
    assert.equal((await all.get("/thumbnail/cam-1")).status, 404);
  });

  test("are not kept where that is switched off", async (context) => {
    const { picture, edge, state, get, url } = await scene(context, { thumbnails: { enabled: false } });
    await picture("a", webp("one"));
    await edge.answer(1);
    await waitUntil(
      "the verdict behind it is stored",
      async () => ((await (await fetch(`${url}/store`)).json()) as { verdicts: number }).verdicts,
      (verdicts) => verdicts === 1,
    );
    assert.ok(!existsSync(join(state, "thumbnails.sqlite")));
    const response = await get("/thumbnails");
    assert.equal(response.status, 404);
    assert.match(((await response.json()) as { reason: string }).reason, /thumbnails\.enabled/);
  });
});
