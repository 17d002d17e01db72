import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { topicsUnder } from "@meanet/protocol";
import { waitUntil } from "@meanet/session/testing";
import { load, sampleFrames, sampleLabels } from "./rig/frames.ts";
import { SITE, Site } from "./rig/site.ts";
import { readTables, type Table, valueAt } from "./rig/telegraf.ts";

const file = join(import.meta.dirname, "../docs/monitoring/telegraf/telegraf.conf");
const tables = readTables(readFileSync(file, "utf8"));
const inputs = tables.filter(({ name }) => name === "inputs.mqtt_consumer");
const kinds = ["verdict", "stats", "energy", "status", "training", "label"] as const;
type Kind = (typeof kinds)[number];
const topics = topicsUnder();
const FRAMES = 120;
/** A short training, refused whatever it comes to: no gain is above the margin. */
const learningFlags = [
  ...["--learning-enabled", "true", "--learning-trigger-items", "40", "--learning-training-epochs", "1"],
  ...["--learning-margins-gain", "1"],
];

function children(table: Table, name: string): Table[] {
  return table.tables.filter((one) => one.name === `inputs.mqtt_consumer.${name}`);
}

function textOf(table: Table, key: string): string {
  const value = table.values[key];
  assert.equal(typeof value, "string", `${table.name} has no ${key}`);
  return String(value);
}

function kindOf({ topics: filter }: Table["values"]): string | undefined {
  return String(filter).split("/")[4];
}

function inputOf(kind: Kind): Table {
  const input = inputs.find(({ values }) => kindOf(values) === kind);
  assert.ok(input, `no input for ${kind}`);
  return input;
}

describe("telegraf.conf", () => {
  const site = new Site();
  const payloads: Record<Kind, Record<string, unknown>[]> = {
    verdict: [],
    stats: [],
    energy: [],
    status: [],
    training: [],
    label: [],
  };

  before(async () => {
    await site.startBroker();
    const session = site.openSession("onlooker");
    const note = (kind: Kind) => (message: { readonly value: object }) =>
      void payloads[kind].push({ ...message.value });
    session.subscribe(session.topics.verdict, {}, note("verdict"));
    session.subscribe(session.topics.stats, {}, note("stats"));
    session.subscribe(session.topics.energy, {}, note("energy"));
    session.subscribe(session.topics.status, {}, note("status"));
    session.subscribe(session.topics.training, {}, note("training"));
    session.subscribe(session.topics.label, {}, note("label"));
    await session.connect();
    await site.startWorker("worker-1");
    await site.startEdge("edge-1", ...learningFlags);
    const camera = await site.openCamera("camera-1");
    await load({ camera, frames: await sampleFrames(), count: FRAMES });
    for (const [index, label] of (await sampleLabels()).slice(0, FRAMES).entries()) {
      const told = { label: index % 2 === 0 ? label.index : label.name };
      await session.publish(session.topics.label, { site: SITE, device: "camera-1", id: `f-${index}` }, told);
    }
    await camera.awaitVerdict(await camera.publishFrame(new Uint8Array(5)), 30_000);
    await waitUntil(
      "each kind of message has come, refusals of a frame and of a training among them",
      () => ({
        judged: payloads.training.filter(({ event }) => event === "refused").length,
        refusals: payloads.verdict.filter(({ outcome }) => outcome === "refused").length,
        ...Object.fromEntries(kinds.map((kind) => [kind, payloads[kind].length])),
      }),
      (counts) => Object.values(counts).every((count) => count > 0),
    );
  });
  after(() => site.close());

  it("has an input for each kind of message, with a client id of its own", () => {
    assert.deepEqual(
      inputs.map(({ values }) => kindOf(values)),
      kinds,
    );
    assert.equal(new Set(inputs.map((input) => textOf(input, "client_id"))).size, inputs.length);
  });

  for (const kind of kinds) {
    it(`${kind}: its filter takes the topic, and names its levels as they are`, () => {
      const input = inputOf(kind);
      const [parsing] = children(input, "topic_parsing");
      assert.ok(parsing);
      const levels = topicOf(kind);
      assert.deepEqual(input.values.topics, [textOf(parsing, "topic")]);
      assert.match(levels, new RegExp(`^${textOf(parsing, "topic").replaceAll("+", "[^/]+")}$`));
      for (const key of ["tags", "fields"].filter((one) => one in parsing.values)) {
        const named: string[] = textOf(parsing, key).split("/");
        assert.equal(named.length, levels.split("/").length);
        for (const [index, name] of named.entries())
          if (name !== "_") assert.equal(levels.split("/")[index], name);
      }
    });

    it(`${kind}: every path is in messages that a site publishes, with the type it is given`, () => {
      const [parser] = children(inputOf(kind), "json_v2");
      assert.ok(parser);
      const published = payloads[kind];
      const timestamp = parser.values.timestamp_path;
      if (timestamp !== undefined)
        assert.ok(published.every((one) => Number(valueAt(one, String(timestamp))) > 1e12));
      for (const table of [...children(parser, "json_v2.tag"), ...children(parser, "json_v2.field")]) {
        const path = textOf(table, "path");
        const values = published.map((one) => valueAt(one, path)).filter((value) => value !== undefined);
        assert.ok(values.length > 0, `no ${kind} has ${path}`);
        if (table.values.optional !== true)
          assert.equal(values.length, published.length, `some ${kind} has no ${path}`);
        const type = table.values.type === undefined ? undefined : String(table.values.type);
        if (type !== undefined)
          assert.ok(
            values.every((value) => fits(value, type)),
            `${path} is no ${type}`,
          );
      }
      const names = children(parser, "json_v2.field").map(({ values }) => values.rename ?? values.path);
      assert.equal(new Set(names).size, names.length, "two fields have one name");
    });
  }

  it("stats: the keys that an object is told by are there", () => {
    const [object] = children(children(inputOf("stats"), "json_v2")[0]!, "json_v2.object");
    const [types] = children(object!, "json_v2.object.fields");
    const { tags, excluded_keys: excluded, timestamp_key: timestamp } = object!.values;
    const keys = [tags, excluded, timestamp, Object.keys(types!.values)].flat().map(String);
    for (const key of keys)
      assert.ok(
        payloads.stats.some((one) => key in one),
        `no stats have ${key}`,
      );
    const seen = new Set(payloads.stats.flatMap((one) => Object.keys(one)));
    assert.deepEqual(
      [...seen].filter((key) => !keys.includes(key)),
      [],
    );
  });
});

function topicOf(kind: Kind): string {
  const device = { site: "site", device: "device" };
  if (kind === "verdict") return topics.verdict.format(device);
  if (kind === "label") return topics.label.format({ ...device, id: "id" });
  return topics[kind].format({ site: "site", node: "node" });
}

/** Telegraf writes a number as text where it is told to. */
function fits(value: unknown, type: string): boolean {
  if (type === "string") return typeof value === "string" || typeof value === "number";
  return type === "int" ? Number.isSafeInteger(value) : typeof value === "number";
}
