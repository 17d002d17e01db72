import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Answer, Device } from "@meanet/device";
import { type Setting, type SettingState, settings } from "@meanet/protocol";
import { waitUntil } from "@meanet/recorder/testing";
import type { MqttSession } from "@meanet/session";
import { load, sampleFrames } from "./rig/frames.ts";
import { SITE, Site } from "./rig/site.ts";

const FRAMES = 100;
const EDGE = { site: SITE, edge: "edge-1" };

describe("settings of an edge node at work", () => {
  const site = new Site();
  const states = new Map<Setting, SettingState>();
  let session: MqttSession;
  let frames: Uint8Array[];
  let cameras = 0;
  before(async () => {
    await site.startUp("--no-replay");
    frames = await sampleFrames();
    session = site.openSession("operator");
    session.subscribe(session.topics.state, EDGE, ({ params, value }) => {
      states.set(params.setting as Setting, value);
    });
    await session.connect();
    await waitUntil(
      "the edge node tells its settings",
      () => states.size,
      (count) => count === settings.length,
    );
    // A machine that does much else is no reason for the edge node to answer itself.
    await set("deadline", "1m");
  });
  after(() => site.close());

  it("policy: edge-only asks no cloud, cloud-only asks it for every frame", async () => {
    await set("policy", "edge-only");
    assert.equal((await exits()).cloud, 0);
    await set("policy", "cloud-only");
    assert.deepEqual(await exits(), { main: 0, extension: 0, cloud: FRAMES });
    await set("policy", "meanet");
    assert.ok((await exits()).cloud < FRAMES);
  });

  it("threshold: none is complex above the highest entropy, all are above zero", async () => {
    // No distribution over ten classes has more than ln 10 nats.
    await set("threshold", 2.4);
    assert.equal((await exits()).cloud, 0);
    await set("threshold", 0);
    assert.equal((await exits()).cloud, FRAMES);
    await set("threshold", "bundle");
    const { main, extension, cloud } = await exits();
    assert.ok(main > 0 && extension > 0 && cloud > 0);
  });

  const bad = [
    { setting: "threshold", value: -1, reason: /threshold: expected a number of nats .* received -1/ },
    { setting: "policy", value: "always", reason: /policy: expected one of meanet, .* received "always"/ },
    { setting: "deadline", value: "soon", reason: /deadline: expected a duration .* received "soon"/ },
    { setting: "model", value: "no-such-bundle", reason: /no-such-bundle/ },
  ] as const;
  for (const { setting, value, reason } of bad) {
    it(`${setting}: a bad value is refused with its reason, and the one in force stays`, async () => {
      const before_ = states.get(setting)?.value;
      const after_ = await set(setting, value);
      assert.match(after_.error ?? "", reason);
      assert.equal(after_.value, before_);
      const { main, extension, cloud } = await exits();
      assert.equal(main + extension + cloud, FRAMES);
    });
  }

  /** @returns what the edge node says of it then */
  async function set(setting: Setting, value: string | number): Promise<SettingState> {
    states.delete(setting);
    await session.publish(session.topics.set, { ...EDGE, setting }, value);
    const look = () => states.get(setting);
    const state = await waitUntil(`${setting} is answered`, look, (seen) => seen !== undefined);
    assert.ok(state);
    return state;
  }

  /** Of so many frames by a camera of its own: their ids are new to the edge node. */
  async function exits(): Promise<Record<"main" | "extension" | "cloud", number>> {
    cameras += 1;
    const camera: Device = await site.openCamera(`camera-${cameras}`);
    const answers: Answer[] = await load({ camera, frames, count: FRAMES });
    const counted = { main: 0, extension: 0, cloud: 0 };
    for (const { verdict } of answers) {
      assert.equal(verdict.outcome, "answered");
      counted[verdict.exit] += 1;
    }
    return counted;
  }
});
