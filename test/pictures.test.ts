import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { waitUntil } from "@meanet/session/testing";
import { sampleFrames } from "./rig/frames.ts";
import { SITE, Site } from "./rig/site.ts";

const root = join(import.meta.dirname, "..");
const PASSWORD = "a long password";

interface Picture {
  readonly id: string;
  readonly path: string;
  readonly disagreed: boolean;
  readonly verdict: {
    readonly edgeLabel: string;
    readonly cloudLabel: string;
    readonly truth: string;
  } | null;
}

/** A broker's settings: the users of the security guide, as they stand there, and one that plays camera and worker. */
function guideSettings(): string {
  const guide = readFileSync(join(root, "docs/guides/secure-it.md"), "utf8");
  const [, users] = /## Who may publish and see pictures[\s\S]*?```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
  assert.ok(users?.includes("edge-1"));
  const hash = execFileSync(process.execPath, [join(root, "cli/bin/meanet.js"), "broker", "hash-password"], {
    input: PASSWORD,
    encoding: "utf8",
  }).trim();
  const all = `${users}    - { name: all, password: "<its hash>" }\n`;
  return `authentication:\n  users:\n${all}`
    .replaceAll("hall-3", SITE)
    .replaceAll(/"<[^>]*hash>"/g, JSON.stringify(hash));
}

describe("pictures from edge to wall", () => {
  const site = new Site();
  after(() => site.close());
  const write = (name: string, settings: object | string) => {
    const file = join(site.folder, name);
    writeFileSync(file, typeof settings === "string" ? settings : JSON.stringify(settings));
    return file;
  };

  it("show what edge and cloud disagree about until it is labelled, with the rights that the guide gives", async () => {
    const local = ["--listeners-tcp-host", "127.0.0.1"];
    await site.startBroker("--config", write("broker.yaml", guideSettings()), ...local);
    const login = (username: string) => ({ mqtt: { url: site.url, username, password: PASSWORD } });
    const recorder = await site.startRecorder("--config", write("recorder.yaml", login("recorder")));
    const thumbnails = { every: "10m", ofCloud: "disagreed" };
    const edge = { ...login("edge-1"), policy: "cloud-only", deadline: "30s", thumbnails };
    await site.startEdge("edge-1", "--config", write("edge.yaml", edge));

    const session = new MqttSession({
      mqtt: mqttConfigSchema.parse(login("all").mqtt),
      ...{ node: "all", site: SITE, log: createLog("test", "silent") },
    });
    after(() => session.close());
    const { topics } = session;
    session.subscribe(topics.complex, { site: SITE }, ({ params, value }) => {
      // Of one frame the worker says what the edge says, of all others something else.
      const differs = value.device === "camera-1" ? 1 : 0;
      const classIndex = (value.edgeAnswer.classIndex + differs) % 10;
      void session.publish(
        topics.answer,
        { ...params },
        {
          ...{ outcome: "answered", id: value.id, worker: "all", attempt: value.attempt, model: value.model },
          classes: [{ classIndex, label: "?", probability: 0.9 }],
          ...{ queueMs: 0, computeMs: 1, energyJ: 0, energySource: "modelled:test" },
        },
      );
    });
    await session.connect(60_000);
    const [one, two] = await sampleFrames();
    const send = (device: string, id: string, frame: Uint8Array) =>
      session.publish(topics.frame, { site: SITE, device, id }, frame);
    await send("camera-1", "differs", one!);
    await send("camera-2", "agrees", two!);
    // Past the one by the clock, only what differs is shown.
    await send("camera-2", "unseen", two!);
    await send("camera-1", "differs-too", two!);

    const { http } = await recorder.ready();
    const list = async (path: string) => (await (await fetch(new URL(path, http))).json()) as Picture[];
    const ids = (pictures: readonly Picture[]) => pictures.map(({ id }) => id).sort();
    const open = await waitUntil(
      "both disagreements are listed",
      () => list("/disagreements"),
      (pictures) => pictures.length === 2,
      60_000,
    );
    assert.deepEqual(ids(open), ["differs", "differs-too"]);
    assert.deepEqual(ids(await list("/thumbnails")), ["agrees", "differs", "differs-too"]);
    const [first] = open;
    assert.notEqual(first?.verdict?.edgeLabel, first?.verdict?.cloudLabel);
    const picture = await fetch(new URL(first!.path, http));
    assert.equal(picture.headers.get("content-type"), "image/webp");
    assert.match(Buffer.from(await picture.arrayBuffer()).toString("latin1"), /^RIFF....WEBP/s);

    const label = { label: first!.verdict!.edgeLabel };
    await session.publish(topics.label, { site: SITE, device: "camera-1", id: first!.id }, label);
    const left = await waitUntil(
      "the labelled one has gone",
      () => list("/disagreements"),
      (pictures) => pictures.length === 1,
      60_000,
    );
    assert.notEqual(left[0]?.id, first?.id);
  });
});
