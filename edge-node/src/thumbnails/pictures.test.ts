import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { uplinkJ, uplinks } from "@meanet/energy";
import { decodeImage } from "@meanet/image";
import { type NodeEnergy, type Stats, thumbnailType } from "@meanet/protocol";
import { frameBytes, windowBytes } from "../bundle-for-tests.ts";
import { answerOf, Onlooker, openTestSite, type Settings, startEdge } from "../site-for-tests.ts";

const easy = frameBytes({ 2: 255 });
/** Main hesitates between zero and two. */
const complex = frameBytes({ 0: 255, 2: 255 });
const limits = { maxBytes: 65_536, maxPixels: 1000 };

const { broker, folder } = await openTestSite();

interface Seen {
  readonly device: string;
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** An edge node, somebody who looks at its thumbnails and figures, and a worker that says class four. */
async function watch(settings: Settings) {
  const onlooker = await Onlooker.connect(broker.url, settings.node, (item) => answerOf(item, 4));
  const { session } = onlooker;
  const seen: Seen[] = [];
  const figures: { stats?: Stats; energy?: NodeEnergy } = {};
  session.subscribe(session.topics.thumbnail, { site: session.site }, ({ params, value }) => {
    seen.push({ device: params.device, id: params.id, bytes: Uint8Array.from(value) });
    onlooker.tell();
  });
  const about = { site: session.site, node: settings.node };
  session.subscribe(session.topics.stats, about, ({ value }) => {
    figures.stats = value;
    onlooker.tell();
  });
  session.subscribe(session.topics.energy, about, ({ value }) => {
    figures.energy = value;
    onlooker.tell();
  });
  const edge = await startEdge(broker.url, folder, settings);
  const end = async () => {
    await edge.stop();
    await onlooker.session.close();
  };
  return { onlooker, edge, seen, figures, [Symbol.asyncDispose]: end };
}

describe("an edge node and the pictures that people see", { timeout: 300_000 }, () => {
  test("publishes none unless it is told to", async () => {
    await using scene = await watch({ node: "unseen" });
    const { onlooker, seen, figures } = scene;
    await onlooker.send("cam", complex, "complex");
    await onlooker.final("complex");
    await onlooker.until(() => figures.stats?.counters.verdicts === 1);
    assert.deepEqual([seen, figures.stats?.counters.thumbnails], [[], 0]);
  });

  test("shows a raw frame pixel by pixel, one in an interval, and those where the cloud saw another class", async () => {
    await using scene = await watch({
      node: "seen",
      thumbnails: { every: "10m", ofCloud: "disagreed" },
    });
    const { onlooker, edge, seen, figures } = scene;
    await onlooker.send("cam", easy, "first");
    await onlooker.send("cam", easy, "too-soon");
    await onlooker.send("cam", complex, "disagreed");
    await onlooker.final("disagreed");
    await onlooker.until(() => seen.length === 2);
    assert.deepEqual(
      seen.map(({ device, id }) => `${device}/${id}`),
      ["cam/first", "cam/disagreed"],
    );
    for (const [index, expected] of [easy, complex].entries()) {
      const { bytes } = seen[index]!;
      assert.equal(thumbnailType(bytes), "image/webp");
      assert.deepEqual(await decodeImage(bytes, { format: "webp", shape: [1, 2, 3], limits }), expected);
    }
    const sent = seen.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    await onlooker.until(() => figures.stats?.counters.thumbnails === 2);
    assert.equal(figures.stats?.counters.thumbnailBytes, sent);
    assert.equal(figures.stats?.counters.thumbnailsLeftOut, 0);
    await onlooker.until(() => (figures.energy?.thumbnailJ ?? 0) > 0 && (figures.energy?.uplinkJ ?? 0) > 0);
    await edge.stop();
    const expectedJ = seen.reduce((sum, { bytes }) => sum + uplinkJ(uplinks.wifi, bytes.byteLength), 0);
    await onlooker.until(() => Math.abs(figures.energy!.thumbnailJ! / expectedJ - 1) < 1e-9);
    await onlooker.session.close();
  });

  test("shows the outline of a sensor window", async () => {
    await using scene = await watch({
      node: "outlines",
      models: [folder.windows],
      thumbnails: { every: "10m" },
    });
    const { onlooker, seen } = scene;
    await onlooker.sendWindow("imu", windowBytes({ 2: 1 }), "w");
    await onlooker.until(() => seen.length === 1);
    assert.equal(thumbnailType(seen[0]!.bytes), "application/json");
    assert.deepEqual(JSON.parse(Buffer.from(seen[0]!.bytes).toString()), [
      [0, 0, 1],
      [10, 10, 10],
    ]);
  });
});
