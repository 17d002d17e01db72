import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, openPage, type WatchedPage } from "@meanet/flows/testing";
import { activityWindows, activities as classes } from "@meanet/models/testing";
import { runQuery } from "@meanet/recorder";
import { waitUntil } from "@meanet/session/testing";
import { sampleFrames } from "./rig/frames.ts";
import type { Meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";
import { writeWindowBundle } from "./rig/window-bundle.ts";

/** Of anything on a busy machine. */
const PATIENCE_MS = 300_000;
/** Of answers: all stay at the edge, there is no worker. */
const FRAMES = 8;

describe("the Control page of an edge node that takes pictures and sensor windows", {
  timeout: 3 * PATIENCE_MS,
}, () => {
  const site = new Site();
  let flows: Meanet;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let opened: WatchedPage;
  let dashboard: string;
  before(async () => {
    await site.startBroker();
    const recorder = await site.startRecorder();
    await site.startEdge("edge-1", "--threshold", "1000000000", "--policy", "meanet");
    const { http = "" } = await recorder.ready();
    flows = await site.startFlows("--editor-port", "0", "--recorder-url", new URL(http).origin);
    ({ dashboard = "" } = await flows.ready());
    browser = await openBrowser();
    opened = await openPage(browser, new URL(dashboard).origin);
  });
  after(async () => {
    await browser?.close();
    await site.close();
  });

  const field = (setting: string) => opened.page.locator(`[data-setting=${setting}]`);
  const inForce = (setting: string, value: string) =>
    waitUntil(
      `${setting} is ${value}`,
      () => opened.page.locator(`[data-in-force=${setting}]`).innerText(),
      (text) => text === value,
      PATIENCE_MS,
    );
  /** Sends inputs, and waits until all are recorded. */
  const send = async (device: string, publish: (index: number) => Promise<unknown>) => {
    for (let index = 0; index < FRAMES; index++) await publish(index);
    await waitUntil(
      `answers to ${device} are recorded`,
      async () => runQuery(site.storeFile, "throughput", { by: "device" }).rows,
      (rows) => rows.some(([of, count]) => of === device && count === FRAMES),
      PATIENCE_MS,
    );
  };

  it("shows one threshold while there are no windows, and draws no curve up to one that never sends", async () => {
    const camera = await site.openCamera("door");
    const frames = await sampleFrames();
    await send("door", (index) => camera.publishFrame(frames[index]!));
    const { page } = opened;
    await page.goto(`${dashboard}/control`);
    await page.getByText(`From ${FRAMES} recorded frames of fashion-mnist@1.0.0;`).waitFor();
    await page
      .getByText("T in force, 1.00e+9 nats, is beyond their entropies and never sends one.")
      .waitFor();
    await page.getByRole("row", { name: /^1\.00e\+9 in force, never sends / }).waitFor();
    await inForce("threshold", "1000000000");
    assert.equal(await field("threshold").locator("legend").innerText(), "Threshold");
    assert.equal(await field("threshold-window").count(), 0);
    assert.equal(await page.getByRole("combobox", { name: "Curves of" }).count(), 0);
  });

  it("sorts a column of its table by numbers, not by their texts", async () => {
    const { page } = opened;
    const sent = async () => {
      const texts = await page.locator('td[data-column-key="sent.text"]').allInnerTexts();
      return texts.map(Number.parseFloat);
    };
    assert.equal(await page.getByText("There is no curve").count(), 0);
    const header = page.getByRole("columnheader", { name: "Sent", exact: true });
    for (const [order, sign] of [
      ["ascending", 1],
      ["descending", -1],
    ] as const) {
      await header.click();
      // By their texts, 100 % stands before 50 %.
      await waitUntil(
        `shares sent are ${order}`,
        sent,
        (shares) =>
          shares.includes(100) &&
          new Set(shares).size > 2 &&
          shares.join() === shares.toSorted((a, b) => sign * (a - b)).join(),
        PATIENCE_MS,
      );
    }
  });

  it("shows and changes the threshold of windows as soon as a bundle takes them, and what it would have come to", async () => {
    const { page } = opened;
    const folder = await writeWindowBundle(join(site.folder, "windows"), { classes, threshold: 1.75 });
    const session = site.openSession("operator");
    await session.connect();
    await session.publish(session.topics.set, { site: "default", edge: "edge-1", setting: "model" }, folder);
    await inForce("threshold-window", "1.75");
    assert.equal(await field("threshold").locator("legend").innerText(), "Threshold of pictures");
    const input = field("threshold-window").locator("input");
    assert.equal(await input.inputValue(), "1.75");

    const sensor = await site.openCamera("belt");
    const { windows, count } = activityWindows();
    const length = windows.length / count;
    await send("belt", (index) => sensor.publishWindow(windows.slice(index * length, (index + 1) * length)));
    await page
      .getByRole("combobox", { name: "Curves of" })
      .selectOption({ label: "sensor windows: untrained-windows@1.0.0" });
    await page.getByText(`From ${FRAMES} recorded frames of untrained-windows@1.0.0;`).waitFor();
    await page.getByRole("combobox", { name: "Curves of" }).selectOption({ index: 0 });
    await page.getByText(`From ${FRAMES} recorded frames of fashion-mnist@1.0.0;`).waitFor();

    const set = field("threshold-window").getByRole("button", { name: "Set", exact: true });
    await input.fill("0.25");
    await set.click();
    await inForce("threshold-window", "0.25");
    await inForce("threshold", "1000000000");
    // The field takes no such number from a person; the node refuses it of anyone.
    await session.publish(
      session.topics.set,
      { site: "default", edge: "edge-1", setting: "threshold-window" },
      -1,
    );
    await field("threshold-window").getByRole("alert").filter({ hasText: "nats from 0 on" }).waitFor();
    await inForce("threshold-window", "0.25");
    await field("threshold-window").getByRole("button", { name: "Bundle's own" }).click();
    await inForce("threshold-window", "1.75");
    await field("threshold-window").getByRole("alert").waitFor({ state: "detached" });
    await page.setViewportSize({ width: 390, height: 844 });
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert.ok(width <= 390, `Control is ${width} wide`);
  });

  it("says where no recorder is configured that none is, and how to", async () => {
    await flows.stop();
    const alone = await site.startFlows("--editor-port", "0");
    const { dashboard: there = "" } = await alone.ready();
    const { page } = await openPage(browser, new URL(there).origin);
    const none = "No recorder is configured: give meanet flows the URL of one, with --recorder-url";
    for (const name of ["overview", "training"]) {
      await page.goto(`${there}/${name}`);
      await page.locator("[data-health=recorder]").filter({ hasText: none }).waitFor();
      await page.locator(".meanet-empty [data-empty]").first().waitFor();
    }
    await page.getByText("No training is known. Lines would show").waitFor();
    await page.goto(`${there}/control`);
    await page
      .locator("[data-curve]")
      .filter({ hasText: `No curve: ${none}` })
      .waitFor();
    await page.getByText("There is no curve: the sentence under Settings says why.").first().waitFor();
  });

  it("had no error", () => {
    const { outside, errors } = opened;
    assert.deepEqual({ outside, errors }, { outside: [], errors: [] });
  });
});
