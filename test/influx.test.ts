import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { connectInflux } from "@meanet/recorder";
import { type Influxd, startInfluxd } from "@meanet/recorder/testing";
import { Meanet, meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";
import { finalRows } from "./rig/store.ts";
import { expectWhole } from "./rig/summary.ts";

const FRAMES = 200;

describe("meanet up with an InfluxDB", () => {
  const site = new Site();
  let influxd: Influxd;
  before(async () => {
    influxd = await startInfluxd();
  });
  after(async () => {
    await site.close();
    await influxd.stop();
  });

  it("puts every final verdict into it, once", async () => {
    const url = `${influxd.url}/meanet`;
    const size = ["--frames", String(FRAMES), "--rate", "200"];
    const flags = [...size, "--port", "0", "--json", "--state", site.folder];
    const { store } = expectWhole(await meanet("up", "--influx", url, ...flags), FRAMES);

    assert.deepEqual(store.influx, { url, rows: FRAMES, missing: 0 });
    const answer = (await connectInflux({ url, requestTimeout: 10_000 }).query(
      `SELECT "id", "device" FROM "verdict" WHERE "outcome" != 'provisional'`,
    )) as Points;
    const [series] = answer.results[0]?.series ?? [];
    const forwarded = series?.values.map(([, id, device]) => `${device}/${id}`).sort();
    assert.deepEqual(
      forwarded,
      finalRows(site.storeFile)
        .map(({ device, id }) => `${device}/${id}`)
        .sort(),
    );
  });
});

describe("meanet up with an InfluxDB 2", () => {
  it("hands server, organisation, bucket and token on, the token out of the list of processes", async (context) => {
    const site = new Site();
    context.after(() => site.close());
    const asked: { readonly line: string; readonly authorization: string | undefined; verdicts: number }[] =
      [];
    // A plain HTTP server in its place: none can be run here.
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        const { authorization } = request.headers;
        asked.push({
          line: `${request.method} ${request.url}`,
          authorization,
          verdicts: body.match(/^verdict,/gm)?.length ?? 0,
        });
        response.writeHead(204).end();
      });
    }).listen(0, "127.0.0.1");
    context.after(() => server.close());
    await once(server, "listening");
    const influx = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = join(site.folder, "up.yaml");
    const account = { influxVersion: 2, influxOrg: "ours", influxBucket: "all", influxToken: "s3cret" };
    writeFileSync(config, JSON.stringify({ influx, ...account, frames: 40, rate: 200, port: 0, json: true }));
    const up = new Meanet(["up", "--config", config, "--state", site.folder]);
    await up.ready();
    const shown = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => commandLineOf(pid))
      .filter((line) => line.includes(influx));
    assert.equal(shown.length, 1);
    assert.ok(shown.every((line) => !line.includes("s3cret")));
    const { store } = expectWhole(await up.ended(), 40);

    assert.equal(store.influx, undefined);
    for (const { line, authorization } of asked) {
      assert.equal(line, "POST /api/v2/write?org=ours&bucket=all&precision=ns");
      assert.equal(authorization, "Token s3cret");
    }
    assert.ok(asked.reduce((sum, { verdicts }) => sum + verdicts, 0) >= 40);
  });

  it("names what is missing before anything starts", async () => {
    const { code, stderr } = await meanet("up", "--influx", "http://127.0.0.1:8086", "--influx-version", "2");
    assert.equal(code, 1);
    assert.match(stderr, /CONFIG_INVALID: [\s\S]*influxBucket[\s\S]*influxOrg/);
  });
});

/** Of a process that has just ended, none. */
function commandLineOf(pid: string): string[] {
  try {
    return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
  } catch {
    return [];
  }
}

interface Points {
  readonly results: readonly {
    readonly series?: readonly { readonly values: readonly [time: string, id: string, device: string][] }[];
  }[];
}
