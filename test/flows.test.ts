import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { foreignTopic } from "@meanet/bridge/testing";
import { waitUntil } from "@meanet/session/testing";
import { sampleFrames } from "./rig/frames.ts";
import type { Meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";

/** Of Node-RED's start on a busy machine. */
const PATIENCE_MS = 300_000;

interface Seen {
  readonly outcome: string;
  readonly label?: string;
}

describe("delivered flows of meanet up", { timeout: 3 * PATIENCE_MS }, () => {
  const site = new Site();
  let up: Meanet;
  let editor: string;
  let told: DebugMessages;
  before(async () => {
    up = await site.startUp("--flows", "true", "--rate", "20", "--devices", "3");
    const [, dashboard, flows = ""] = await up.says(/dashboard (http\S+) {2}flows (http\S+)/, PATIENCE_MS);
    editor = flows;
    assert.equal(dashboard, `${editor}/dashboard`);
    told = await DebugMessages.open(editor);
  });
  after(async () => {
    told?.close();
    await site.close();
  });

  const session = async (node: string) => {
    const opened = site.openSession(node);
    await opened.connect();
    return opened;
  };

  it("show on the camera wall what the cameras are answered, and their pictures from the recorder", async () => {
    const devices = await waitUntil(
      "every camera has a verdict",
      () => getJson<Record<string, Seen>>(`${editor}/wall/devices`),
      (seen) => Object.keys(seen).length === 3,
      PATIENCE_MS,
    );
    for (const { outcome, label } of Object.values(devices)) {
      assert.equal(outcome, "answered");
      assert.ok(label);
    }
    const page = await fetch(`${editor}/wall`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);

    const pictures = await waitUntil(
      "there are pictures",
      () => getJson<{ path: string }[]>(`${editor}/recorder/thumbnails?latest=true`),
      (seen) => seen.length > 0,
      PATIENCE_MS,
    );
    const picture = await fetch(`${editor}/recorder${pictures[0]?.path}`);
    assert.equal(picture.status, 200);
    assert.match(picture.headers.get("content-type") ?? "", /^image\//);
  });

  it("tell when a wanted class appears, once for a device, and when an edge node goes offline", async () => {
    const bag = await told.first("meanet-alerts-alert", (text) => text.includes("Bag at camera-"));
    assert.match(bag, /^Bag at camera-\d, \d+ %$/);
    const lost = await session("edge-9");
    await lost.publish(
      lost.topics.status,
      { site: "default", node: "edge-9" },
      { kind: "edge", state: "offline", version: "1.0.0", models: [], since: Date.now() },
    );
    assert.equal(
      await told.first("meanet-alerts-alert", (text) => text.includes("edge-9")),
      "edge node edge-9 went offline",
    );
    const ofOne = told.of("meanet-alerts-alert").filter((text) => text.startsWith(bag.split(",")[0]!));
    assert.equal(ofOne.length, 1, ofOne.join("; "));
  });

  it("publish the class that a person gives a frame, and refuse what is no frame", async () => {
    const listener = await session("listener");
    const heard = Promise.withResolvers<unknown>();
    listener.subscribe(listener.topics.label, { site: "default", device: "door" }, ({ params, value }) =>
      heard.resolve([params.id, value.label]),
    );
    const camera = await site.openCamera("door");
    const [frame] = await sampleFrames();
    await camera.publishFrame(frame!, { id: "boot" });
    const say = async (body: object) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(`${editor}/labelling`, { method: "POST", headers, body: JSON.stringify(body) }))
        .status;
    };
    // The subscription stands once the broker has answered it.
    await waitUntil(
      "the label is sent",
      () => say({ device: "door", id: "boot", label: "Ankle boot" }),
      (status) => status === 204,
      PATIENCE_MS,
    );
    assert.deepEqual(await heard.promise, ["boot", "Ankle boot"]);
    assert.equal(await say({ device: "do/or", id: "boot", label: "Bag" }), 400);
  });

  it("propose a threshold from what is recorded, and set it", async () => {
    const press = (node: string) => fetch(`${editor}/inject/${node}`, { method: "POST" });
    const text = await waitUntil(
      "there is a proposal",
      async () => {
        await press("meanet-tuning-look");
        return told.of("meanet-tuning-proposal").at(-1);
      },
      (proposal) => proposal !== undefined,
      PATIENCE_MS,
    );
    const { proposal } = JSON.parse(text!) as { proposal: { threshold: number } };
    const watcher = await session("watcher");
    const inForce: (string | number)[] = [];
    watcher.subscribe(watcher.topics.state, { site: "default", setting: "threshold" }, ({ value }) =>
      inForce.push(value.value),
    );
    await press("meanet-tuning-apply");
    await waitUntil(
      "it is in force",
      async () => inForce,
      (values) => values.includes(proposal.threshold),
      PATIENCE_MS,
    );
  });

  it("announce cameras to Home Assistant once their tab is enabled", async () => {
    const flows = await getJson<{ id: string; type: string }[]>(`${editor}/flows`);
    const enabled = flows.map((node) =>
      node.id === "meanet-tab-home-assistant" ? { ...node, disabled: false } : node,
    );
    const headers = { "content-type": "application/json", "node-red-deployment-type": "flows" };
    await fetch(`${editor}/flows`, { method: "POST", headers, body: JSON.stringify(enabled) });
    const config = foreignTopic("homeassistant/sensor/{object}/config", { qos: 1, retain: true });
    const homeAssistant = site.openSession("home-assistant");
    const announced = new Map<string, { device: { name: string } }>();
    homeAssistant.subscribe(config, {}, ({ params, value }) => {
      announced.set(params.object, JSON.parse(Buffer.from(value).toString()));
    });
    await homeAssistant.connect();
    await waitUntil(
      "every camera is announced",
      async () => announced,
      ({ size }) => size >= 3,
      PATIENCE_MS,
    );
    assert.equal(announced.get("meanet-default-camera-1")?.device.name, "camera-1");
  });

  it("end with meanet up", async () => {
    told.close();
    const { code, stderr } = await up.stop();
    assert.equal(code, 0, stderr);
    await assert.rejects(fetch(`${editor}/wall`));
  });
});

/** What debug nodes tell the editor. */
class DebugMessages {
  readonly #socket: WebSocket;
  readonly #told: { readonly id: string; readonly text: string }[] = [];

  static async open(editor: string): Promise<DebugMessages> {
    const socket = new WebSocket(`${editor.replace("http", "ws")}/comms`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    return new DebugMessages(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const messages = JSON.parse(String(data)) as { topic: string; data?: { id: string; msg: string } }[];
      for (const { topic, data: debug } of Array.isArray(messages) ? messages : []) {
        if (topic === "debug" && debug !== undefined) this.#told.push({ id: debug.id, text: debug.msg });
      }
    });
    socket.send(JSON.stringify({ subscribe: "debug" }));
  }

  of(node: string): string[] {
    return this.#told.filter(({ id }) => id === node).map(({ text }) => text);
  }

  first(node: string, wanted: (text: string) => boolean): Promise<string> {
    return waitUntil(
      `${node} tells it`,
      async () => this.of(node).find(wanted) ?? "",
      (text) => text !== "",
      PATIENCE_MS,
    );
  }

  close(): void {
    this.#socket.close();
  }
}

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url, { headers: { accept: "application/json" } })).json()) as T;
}
