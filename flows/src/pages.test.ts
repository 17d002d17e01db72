import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { topicsUnder, type Verdict } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { waitUntil } from "@meanet/session/testing";
import { FlowsForTests, getJson, PATIENCE_MS } from "./flows-for-tests.ts";
import type { RunningFlows } from "./main.ts";
import { openBrowser, openPage, type WatchedPage } from "./testing/browser.ts";

const topics = topicsUnder();
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);
/** What the recorder answers, as it does. */
const answers = {
  "/thumbnails": [
    {
      ...{ site: "default", device: "door", id: "frame-1", at: 1, type: "image/png", disagreed: false },
      path: "/thumbnail/door/frame-1",
      verdict: { label: "Coat", exit: "cloud", confidence: 0.9, reason: null, truth: null, correct: null },
    },
  ],
  "/disagreements": [],
  "/whatif": {
    ...{ frames: 200, judge: "labels", inForce: { threshold: 0.5, from: "state" } },
    models: [{ model: "toy@1.0.0", frames: 200 }],
    rows: [0, 0.5, 1].map((threshold) => ({
      inForce: threshold === 0.5,
      ...{ threshold, accuracy: 0.9, estimatedAccuracy: 0.95 - threshold / 10 },
      ...{ jPerFrame: 0.002 - threshold / 1000, uplinkBytes: 200_000 * (1 - threshold) },
    })),
  },
};

describe("pages of the delivered flows", { timeout: 3 * PATIENCE_MS }, () => {
  const asked: string[] = [];
  let given: Readonly<Record<string, unknown>> = answers;
  const recorder = createServer((request, response) => {
    asked.push(request.url ?? "");
    const [path = ""] = (request.url ?? "").split("?");
    if (path.startsWith("/thumbnail/")) response.writeHead(200, { "content-type": "image/png" }).end(picture);
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(given[path]));
  });
  let site: FlowsForTests;
  let running: RunningFlows;
  let session: MqttSession;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let opened: WatchedPage;
  before(async () => {
    site = await FlowsForTests.open();
    recorder.listen(0, "127.0.0.1");
    await once(recorder, "listening");
    const { port } = recorder.address() as AddressInfo;
    running = await site.start("pages", { recorder: { url: `http://127.0.0.1:${port}` } });
    session = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url: site.broker.url }),
      ...{ node: "edge-1", site: "default", log: createLog("test", "silent") },
    });
    await session.connect();
    browser = await openBrowser();
    opened = await openPage(browser, running.editor);
  });
  after(async () => {
    await browser?.close();
    await session?.close();
    await running?.stop();
    recorder.close();
    await site?.close();
  });

  const say = (device: string, id: string, what: object) =>
    session.publish(topics.verdict, { site: "default", device }, {
      ...{ id, site: "default", device, edge: "edge-1", journal: "j", seq: 1, at: 2, receivedAt: 1, qos: 1 },
      ...{ latencyMs: 1, final: true },
      ...what,
    } as Verdict);
  const answered = (label: string) => ({
    ...{ outcome: "answered", supersedes: null, label, classIndex: 4, confidence: 0.8, exit: "main" },
    ...{ route: "easy", cloud: "none", entropy: 0.2, queueMs: 0, computeMs: 0.2, uplinkBytes: 0 },
    ...{ model: "toy@1.0.0", worker: null },
    energy: { mainJ: 1e-4, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
  });
  const refused = { outcome: "refused", reason: "unsupported", detail: "no bundle takes it" };
  /** Publishes until the flow, whose subscription may not stand yet, knows exactly these devices. */
  const heard = (path: string, devices: readonly string[], publish: () => Promise<void>) =>
    waitUntil(
      `${path} knows ${devices.join(", ")}`,
      async () => {
        await publish();
        return Object.keys(await getJson<object>(running.editor + path)).sort();
      },
      (known) => known.join() === devices.join(),
      PATIENCE_MS,
    );
  const shows = (text: string) => opened.page.getByText(text, { exact: true }).first().waitFor();

  it("set beside a picture the answer to its own frame, and below it what came since", async () => {
    await heard("/wall/devices", ["door", "phone"], async () => {
      await say("door", "frame-2", answered("Shirt"));
      await say("phone", "window-1", refused);
    });
    await opened.page.goto(`${running.editor}/wall`);
    await shows("Coat, 90 %, cloud");
    await shows("since then: Shirt, 80 %, main");
    await shows("refused: unsupported");
    await shows("2 devices");
    assert.equal(
      await opened.page.evaluate("getComputedStyle(document.querySelector('main')).display"),
      "grid",
    );
    const pictures = opened.page.locator("img:visible");
    // It is fetched after its texts stand there.
    await pictures.first().waitFor();
    assert.equal(await pictures.count(), 1);
  });

  it("draw windows in both forms, leave out what is none, and tell why one was refused", async () => {
    const send = (device: string, window: Buffer) =>
      session.publish(topics.window, { site: "default", device }, window);
    await heard("/sensors/windows", ["phone", "raw"], async () => {
      await send("broken", Buffer.from("[1, 2, 3]"));
      await send("raw", Buffer.alloc(9 * 4 * 4));
      await send("phone", Buffer.from("[[1, 2], [3, 4]]"));
    });
    await say("phone", "window-2", refused);
    await opened.page.goto(`${running.editor}/sensors`);
    await shows("refused: unsupported");
    await shows("2 sensors");
    for (const name of ["2 channels of phone", "9 channels of raw"]) {
      await opened.page.getByRole("img", { name }).waitFor();
    }
  });

  it("say what there is to label, and do not say that edge and cloud agree when people have decided", async () => {
    await opened.page.goto(`${running.editor}/labelling`);
    await shows(
      "Nothing to decide: no picture is kept on which edge and cloud disagree and of which nobody has told the class.",
    );
  });

  it("give the curves over thresholds their units, and mark the threshold in force", async () => {
    await opened.page.goto(`${running.editor}/tuning`);
    await shows("accuracy: 85.0 % to 95.0 %; thresholds 0 to 1.00 nats");
    await shows("energy of a frame, edge and upload: 1.00 mJ to 2.00 mJ; thresholds 0 to 1.00 nats");
    await shows("sent of a frame: 0 bytes to 1000 bytes; thresholds 0 to 1.00 nats");
    assert.equal(await opened.page.locator("svg line").count(), 3);
    // The curves are lines, and no areas: the style of the pages is there.
    assert.equal(
      await opened.page.evaluate("getComputedStyle(document.querySelector('polyline')).fill"),
      "none",
    );
    assert.ok(asked.includes("/whatif?since=1h&site=default"), asked.join(" "));
    assert.deepEqual(opened.errors, []);
  });

  it("draw curves over thresholds up to the highest entropy, whatever is in force, and tell of bundles that do not compare", async () => {
    const whatIf = answers["/whatif"];
    const never = { ...whatIf.rows[2], threshold: 1e9, inForce: true };
    given = {
      "/whatif": {
        ...whatIf,
        inForce: { threshold: 1e9, from: "verdict" },
        models: ["toy@1.0.0", "toy@1.0.0+edge-1.2", "waves@1.0.0"].map((model) => ({ model, frames: 50 })),
        rows: [...whatIf.rows.map((row) => ({ ...row, inForce: false })), never],
      },
    };
    await opened.page.goto(`${running.editor}/tuning`);
    await shows("accuracy: 85.0 % to 95.0 %; thresholds 0 to 1.00 nats");
    await opened.page
      .getByText("in force: 1.00e+9 nats, beyond their entropies: it never sends one. ")
      .waitFor();
    await opened.page.getByText("They are of 2 bundles (toy@1.0.0, waves@1.0.0)").waitFor();
    assert.equal(await opened.page.locator("svg line").count(), 0);
    assert.deepEqual(opened.errors, []);
  });
});
