import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import { Album, type Thumbnail } from "./album.ts";
import { thumbnailsConfigSchema } from "./config.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-album-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let scenes = 0;

function picture(id: string, device = "cam-1", size = 100): Thumbnail {
  return { site: "lab", device, id, type: "image/webp", bytes: new Uint8Array(size).fill(7) };
}

/** What the cloud said of a frame that the edge took for a cat. */
function byCloud(seq: number, classIndex: number, id = `frame-${seq}`) {
  return answered(seq, {
    ...{ id, label: classIndex === 3 ? "cat" : "dog", classIndex, exit: "cloud", cloud: "answered" },
    edgeAnswer: { label: "cat", classIndex: 3, confidence: 0.4, exit: "main", complete: true },
  });
}

function scene(settings: object = {}) {
  const place = join(folder, String(++scenes));
  const storeFile = join(place, "recorder.sqlite");
  const store = openSqliteStore(storeFile);
  const config = thumbnailsConfigSchema.parse(settings);
  const open = () => new Album(join(place, "thumbnails.sqlite"), storeFile, config);
  const album = open();
  const write = (...verdicts: ReturnType<typeof answered | typeof refused>[]) =>
    store.write(verdicts.map((verdict) => ({ kind: "verdict", verdict })));
  const label = (id: string, truth: string | number) =>
    store.write([{ kind: "label", site: "lab", device: "cam-1", id, label: truth }]);
  const ids = () => album.list({ site: "lab", limit: 1000 }).map(({ id }) => id);
  const end = () => {
    album.close();
    store.close();
  };
  return { place, album, open, write, label, ids, [Symbol.dispose]: end };
}

describe("album of thumbnails", () => {
  test("gives back what it keeps, by name and the latest of a device", () => {
    using opened = scene();
    const { album } = opened;
    album.put([picture("a"), picture("b"), picture("c", "cam-2")], START);
    assert.deepEqual(album.get({ site: "lab", device: "cam-1", id: "a" })?.bytes, picture("a").bytes);
    assert.equal(album.latest("lab", "cam-1")?.id, "b");
    assert.equal(album.latest("lab", "cam-9"), undefined);
    assert.equal(album.latest("hall", "cam-1"), undefined);
    assert.equal(album.get({ site: "lab", device: "cam-2", id: "a" }), undefined);
  });

  test("keeps one of a name, the newest, under another version", () => {
    using opened = scene();
    const { album } = opened;
    album.put([picture("a"), picture("b")], START);
    const before = album.latest("lab", "cam-1");
    album.put([picture("a", "cam-1", 50)], START + 1);
    const now = album.latest("lab", "cam-1");
    assert.deepEqual([now?.id, now?.bytes.byteLength, album.counts().thumbnails], ["a", 50, 2]);
    assert.notEqual(now?.version, before?.version);
  });

  test("outlives its process, in a file for its owner alone", () => {
    using opened = scene();
    const { album, place, open } = opened;
    album.put([picture("a")], START);
    const again = open();
    assert.equal(again.latest("lab", "cam-1")?.id, "a");
    assert.deepEqual(again.counts(), album.counts());
    again.close();
    assert.equal(statSync(join(place, "thumbnails.sqlite")).mode & 0o777, 0o600);
  });

  test("lists them with what the verdicts say, whichever came first", () => {
    using opened = scene();
    const { album, write, label } = opened;
    write(answered(1), byCloud(2, 5));
    label("frame-1", "dog");
    album.put(
      [1, 2, 3, 4].map((seq) => picture(`frame-${seq}`)),
      START,
    );
    write(refused(3));
    const [unknown, refusal, cloud, edge] = album.list({ site: "lab", limit: 10 });
    assert.equal(unknown?.verdict, null);
    assert.deepEqual(refusal?.verdict?.reason, "overload");
    assert.deepEqual(cloud?.verdict, {
      ...{ label: "dog", exit: "cloud", confidence: 0.9, edgeLabel: "cat", edgeConfidence: 0.4 },
      ...{ cloudLabel: "dog", reason: null, truth: null, correct: null },
    });
    assert.deepEqual(edge?.verdict, {
      ...{ label: "cat", exit: "main", confidence: 0.9, edgeLabel: "cat", edgeConfidence: 0.9 },
      ...{ cloudLabel: null, reason: null, truth: "dog", correct: false },
    });
    assert.equal(edge?.path, "/thumbnail/cam-1/frame-1?site=lab");
  });

  test("lists by device, so many, and the newest of each device", () => {
    using opened = scene();
    const { album } = opened;
    album.put([picture("a"), picture("b"), picture("c", "cam-2")], START);
    const names = (list: readonly { device: string; id: string }[]) =>
      list.map(({ device, id }) => `${device}/${id}`);
    assert.deepEqual(names(album.list({ site: "lab", limit: 2 })), ["cam-2/c", "cam-1/b"]);
    assert.deepEqual(names(album.list({ site: "lab", device: "cam-1", limit: 9 })), ["cam-1/b", "cam-1/a"]);
    assert.deepEqual(names(album.listDevices({ site: "lab", limit: 9 })), ["cam-1/b", "cam-2/c"]);
    assert.deepEqual(album.list({ site: "hall", limit: 9 }), []);
  });

  test("lists what edge and cloud disagree about until somebody labels it", () => {
    using opened = scene();
    const { album, write, label } = opened;
    const disagreements = () => album.listDisagreements({ site: "lab", limit: 9 }, START).map(({ id }) => id);
    write(byCloud(1, 5));
    album.put(
      [1, 2, 3, 4, 5].map((seq) => picture(`frame-${seq}`)),
      START,
    );
    // Agreed; a provisional answer only; an older edge that did not tell.
    const { edgeAnswer: _, ...untold } = byCloud(4, 5);
    write(byCloud(2, 3), { ...byCloud(3, 5), final: false }, untold, byCloud(5, 6));
    assert.deepEqual(disagreements(), ["frame-5", "frame-1"]);
    label("frame-5", 6);
    assert.deepEqual(disagreements(), ["frame-1"]);
  });

  test("is bounded by device, the oldest first, disagreements longest up to half of it", () => {
    using opened = scene({ perDevice: 4 });
    const { album, write, ids } = opened;
    write(byCloud(1, 5), byCloud(2, 5), byCloud(3, 5));
    for (let seq = 1; seq <= 9; seq++) album.put([picture(`frame-${seq}`)], START + seq);
    album.put([picture("other", "cam-2")], START);
    assert.deepEqual(ids(), ["other", "frame-9", "frame-8", "frame-3", "frame-2"]);
    write(...Array.from({ length: 20 }, (_, index) => byCloud(index + 10, 5)));
    for (let seq = 10; seq <= 25; seq++) album.put([picture(`frame-${seq}`)], START + seq);
    assert.equal(album.latest("lab", "cam-1")?.id, "frame-25", "the newest is never the one to go");
    assert.equal(album.list({ site: "lab", device: "cam-1", limit: 99 }).length, 4);
  });

  test("is bounded in bytes, those of empty rows counted too, and knows what it holds", () => {
    using opened = scene({ sizeMb: 0.1, perDevice: 1000 });
    const { album, write } = opened;
    write(byCloud(1, 5, "kept"));
    album.put([picture("kept")], START);
    album.put([picture("settles")], START);
    let expired = 0;
    for (let seq = 0; seq < 300; seq++) {
      const size = seq % 3 === 0 ? 3 : 1500;
      expired += album.put([picture(`p-${seq}`, `cam-${seq % 40}`, size)], START + seq).expired;
      assert.ok(album.counts().bytes <= 100_000);
    }
    const held = album.list({ site: "lab", limit: 1000 });
    assert.equal(held.length + expired, 302);
    assert.equal(held[0]?.id, "p-299");
    assert.ok(held.some(({ id }) => id === "kept"));
    const sum = held.reduce((bytes, name) => bytes + album.get(name)!.bytes.byteLength + 256, 0);
    assert.equal(album.counts().bytes, sum);
  });

  test("forgets what is too old, disagreement or not", () => {
    using opened = scene({ age: "1m" });
    const { album, write, ids } = opened;
    write(byCloud(1, 5));
    album.put([picture("frame-1"), picture("plain")], START);
    album.put([picture("young")], START + 50_000);
    assert.equal(album.expire(START + 60_001), 2);
    assert.deepEqual(ids(), ["young"]);
    assert.equal(album.counts().bytes, 100 + 256);
  });

  test("takes a frame whose verdict does not come for one of no disagreement", () => {
    using opened = scene({ perDevice: 2 });
    const { album, write } = opened;
    album.put([picture("frame-1")], START);
    album.expire(START + 60_001);
    write(byCloud(1, 5));
    assert.deepEqual(album.listDisagreements({ site: "lab", limit: 9 }, START + 60_002), []);
  });

  test("begins anew, and says so, where its file is damaged", () => {
    using opened = scene();
    const { place } = opened;
    const file = join(place, "damaged.sqlite");
    const reasons: string[] = [];
    writeFileSync(file, "not a database, but long enough to be taken for one".repeat(100));
    const config = thumbnailsConfigSchema.parse({});
    const album = new Album(file, join(place, "recorder.sqlite"), config, (reason) => reasons.push(reason));
    album.put([picture("a")], START);
    assert.equal(album.latest("lab", "cam-1")?.id, "a");
    album.close();
    assert.deepEqual(reasons, ["file is not a database"]);
  });

  test("names a file that is none", () => {
    using opened = scene();
    const { place } = opened;
    const config = thumbnailsConfigSchema.parse({});
    assert.throws(() => new Album(place, join(place, "recorder.sqlite"), config), { code: "STORE_UNUSABLE" });
  });
});
