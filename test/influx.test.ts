import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connectInflux } from "@meanet/recorder";
import { type Influxd, startInfluxd } from "@meanet/recorder/testing";
import { meanet } from "./rig/meanet.ts";
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

interface Points {
  readonly results: readonly {
    readonly series?: readonly { readonly values: readonly [time: string, id: string, device: string][] }[];
  }[];
}
