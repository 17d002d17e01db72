import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, openPage, type WatchedPage } from "@meanet/flows/testing";
import { runQuery } from "@meanet/recorder";
import { waitUntil } from "@meanet/session/testing";
import { sampleFrames } from "./rig/frames.ts";
import { type Meanet, meanet } from "./rig/meanet.ts";
import { takeDown } from "./rig/outage.ts";
import { Site } from "./rig/site.ts";

/** Of anything on a busy machine. */
const PATIENCE_MS = 300_000;
/** Where pictures of the pages go: `MEANET_SCREENSHOTS=docs/images npm test`. */
const PICTURES = process.env.MEANET_SCREENSHOTS;
/** The name of the field that has the focus, or what stands on the button. */
const FOCUSED = "document.activeElement.getAttribute('name') ?? document.activeElement.textContent.trim()";
const names = ["overview", "nodes", "frames", "training", "control"];

describe("dashboard of meanet up", { timeout: 6 * PATIENCE_MS }, () => {
  const site = new Site();
  let up: Meanet;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let editor: string;
  let overview: WatchedPage;
  let other: WatchedPage;
  before(async () => {
    await Promise.all([
      openBrowser().then((opened) => {
        browser = opened;
      }),
      site.startUp("--flows", "true", "--rate", "3", "--devices", "3").then((started) => {
        up = started;
      }),
    ]);
    [, editor = ""] = await up.says(/dashboard http\S+ {2}flows (http\S+)/, PATIENCE_MS);
    overview = await openPage(browser, editor);
    other = await openPage(browser, editor);
    for (const { page } of [overview, other]) await page.setViewportSize({ width: 1280, height: 1000 });
    await overview.page.goto(`${editor}/dashboard/overview`);
  });
  after(async () => {
    await browser?.close();
    await site.close();
  });

  const value = (key: string) => figure(overview, key);
  const range = () => overview.page.locator("[data-since]");
  /** Keeps the time that the Overview shows, and says which it is. Done once the Overview shows `moment`, in ms. */
  const hold = async (moment = 0) => {
    await waitUntil(
      `the Overview shows ${new Date(moment).toISOString()}`,
      async () => Number(await range().getAttribute("data-until")),
      (until) => until > moment,
      PATIENCE_MS,
    );
    await overview.page.getByRole("button", { name: "Hold" }).click();
    const [since, until] = await Promise.all(
      ["data-since", "data-until"].map((name) => range().getAttribute(name)),
    );
    return { since: since ?? "", until: until ?? "" };
  };
  const release = () => overview.page.getByRole("button", { name: "Held" }).click();
  const health = (kind: string) => overview.page.locator(`[data-health=${kind}]`).waitFor();
  const visit = async (name: string) => {
    await other.page.goto(`${editor}/dashboard/${name}`);
    try {
      await other.page.locator(".meanet-health:not([data-health=loading])").waitFor();
    } catch (cause) {
      // The page alone does not tell whether Node-RED ended under it.
      const log = readFileSync(join(site.folder, "logs", "flows.log"), "utf8")
        .split("\n")
        .slice(-30);
      throw new Error(`${name} shows nothing; the log of Node-RED ends so:\n${log.join("\n")}`, { cause });
    }
  };

  it("shows figures that move", async () => {
    const first = await waitUntil("frames are shown", () => value("rate"), Number.isFinite, PATIENCE_MS);
    await waitUntil(
      "more are shown",
      () => value("rate"),
      (shown) => shown > first,
      PATIENCE_MS,
    );
    await health("well");
  });

  it("agrees with meanet query on the same time", async () => {
    const { since, until } = await hold();
    const ask = (name: "throughput" | "latency" | "energy" | "accuracy") => {
      const { columns, rows } = runQuery(site.storeFile, name, { since, until });
      return Object.fromEntries(columns.map((column, index) => [column, rows[0]?.[index]]));
    };
    // Verdicts of the last moment may still be on their way to the recorder when the time is held.
    await waitUntil(
      "page and query say the same",
      async () => ({
        shown: await Promise.all(["rate", "latency", "energy", "accuracy"].map(value)),
        asked: [
          ask("throughput").frames,
          ask("latency").p99Ms,
          ask("energy").edgeJPerFrame,
          ask("accuracy").accuracy,
        ],
      }),
      ({ shown, asked }) => JSON.stringify(shown) === JSON.stringify(asked),
      PATIENCE_MS,
    );
    const flags = ["--since", since, "--until", until, "--store", site.storeFile, "--json"];
    const { stdout } = await meanet("query", "exits", ...flags);
    const { columns, rows } = JSON.parse(stdout) as { columns: string[]; rows: (string | number)[][] };
    const cloud = rows.find((row) => row[columns.indexOf("exit")] === "cloud");
    const share = Number(cloud?.[columns.indexOf("share")] ?? 0);
    assert.equal(await value("edge-share"), 1 - share);
    await release();
  });

  it("shows all nodes of the site, and what became of frames", async () => {
    await visit("nodes");
    for (const node of ["broker", "edge-1", "worker-1", "recorder", "flows"]) {
      await other.page.getByRole("row", { name: new RegExp(`^${node}\\b.*online`) }).waitFor();
    }
    await picture(other, "nodes");
    await visit("training");
    await other.page.getByText("No data available").first().waitFor();
  });

  it("shows a frame's whole way, takes its true class, and counts it in the accuracy", async () => {
    const camera = await site.openCamera("door");
    const [frame] = await sampleFrames();
    const id = await camera.publishFrame(frame!, { id: "boot" });
    const { verdict } = await camera.awaitVerdict(id, PATIENCE_MS);
    assert.ok(verdict.outcome === "answered");
    const labelled = () =>
      runQuery(site.storeFile, "accuracy", { by: "device" }).rows.find(([device]) => device === "door");
    assert.equal(labelled(), undefined);

    await visit("frames");
    const { page } = other;
    await page.locator("[data-frame] img").first().waitFor();
    await page.getByRole("textbox", { name: "Frame" }).fill(id);
    await page.getByRole("button", { name: "Show its way" }).click();
    await page
      .getByRole("row", { name: /^main \d/ })
      .first()
      .waitFor();
    await page
      .getByText(`${verdict.label}, ${(verdict.confidence * 100).toFixed(1)} %, by ${verdict.exit}`)
      .first()
      .waitFor();
    await page.getByRole("combobox", { name: "True class" }).fill(verdict.label);
    await picture(other, "frames");
    // As from a recorder that has not stored the label yet.
    const unlabelled = await page.evaluate(async () => (await fetch("/recorder/frame/boot")).text());
    await page.route("**/recorder/frame/boot*", (route) => route.fulfill({ body: unlabelled }), { times: 1 });
    await page.getByRole("button", { name: "Say so" }).click();
    await page.getByText(`Sent: door boot is ${verdict.label}.`).waitFor();
    await page.getByText("✔ Right.").waitFor();
    await waitUntil("it is counted", labelled, (row) => row?.[1] === 1, PATIENCE_MS);
    const held = await hold(Date.now());
    const [, counted] = runQuery(site.storeFile, "accuracy", { ...held, by: "device" }).rows.find(
      ([device]) => device === "door",
    ) ?? ["door", 0];
    assert.equal(counted, 1);
    await waitUntil(
      "the Overview counts it",
      async () => ({
        shown: Number(/\d+/.exec(await note(overview, "accuracy"))),
        asked: runQuery(site.storeFile, "accuracy", held).rows[0]?.[0],
      }),
      ({ shown, asked }) => shown === asked,
      PATIENCE_MS,
    );
    await release();
  });

  it("trains an edge on demand, and shows what it had collected, its epochs, and what came of it", async () => {
    const { page } = other;
    const learning = page.locator("[data-setting=learning]");
    await visit("control");
    await learning.locator("select").selectOption("on");
    await learning.getByRole("button", { name: "Set", exact: true }).click();
    await waitUntil(
      "learning is on",
      () => page.locator("[data-in-force=learning]").innerText(),
      (text) => text === "on",
      PATIENCE_MS,
    );
    await visit("training");
    const row = (name: RegExp) => page.getByRole("row", { name }).first();
    await row(/^edge-1 [1-9]\d+ /).waitFor({ timeout: PATIENCE_MS });
    await visit("control");
    await page.getByRole("button", { name: "Train now" }).click();
    await visit("training");
    await row(/ edge-1 1 started \d+ items, \d+ held out, 6 epochs, trigger asked/).waitFor();
    await row(/ edge-1 1 epoch 6 of 6/).waitFor({ timeout: PATIENCE_MS });
    await row(/ edge-1 1 (accepted|refused)/).waitFor({ timeout: PATIENCE_MS });
    await row(/^edge-1 1 \d+ held-out items \d/).waitFor();
    await picture(other, "training");
  });

  it("changes the threshold, reads it back, refuses what is none, and exit shares follow", async () => {
    await visit("control");
    const { page } = other;
    const inForce = (setting: string) => page.locator(`[data-in-force=${setting}]`);
    const wish = async (setting: string, text: string) => {
      const field = page.locator(`[data-setting=${setting}]`);
      await field.locator("input").fill(text);
      await field.getByRole("button", { name: "Set", exact: true }).click();
    };
    await page.getByText(/^From \d+ recorded frames/).waitFor();
    await picture(other, "control");
    await wish("deadline", "soon");
    await page.locator("[data-setting=deadline]").getByRole("alert").waitFor();
    // What labels have proposed by now depends on the frames; a set that is not there is refused.
    const hardClasses = page.locator("[data-setting=hard-classes]");
    await hardClasses.getByRole("button", { name: "Dismiss", exact: true }).click();
    await hardClasses
      .getByText(/; dismissed: |✖ hard-classes: nothing is proposed/)
      .first()
      .waitFor();
    // A busy machine's cloud answers late, and the edge's own answer would stand.
    await wish("deadline", "60s");
    await waitUntil(
      "the deadline is read back",
      () => inForce("deadline").innerText(),
      (text) => text === "60000ms",
      PATIENCE_MS,
    );
    const before = await value("edge-share");
    await wish("threshold", "0");
    await waitUntil(
      "the threshold is read back",
      () => inForce("threshold").innerText(),
      (text) => text === "0",
      PATIENCE_MS,
    );
    await waitUntil(
      "fewer are answered at the edge",
      () => value("edge-share"),
      (share) => share < before - 0.02,
      PATIENCE_MS,
    );
    await picture(overview, "overview");
  });

  it("fits a phone, light and dark, and is reached by keyboard", async () => {
    const { page } = other;
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    for (const name of names) {
      await visit(name);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(width <= 390, `${name} is ${width} wide`);
      const background = await page.evaluate<string>(
        'getComputedStyle(document.querySelector(".nrdb-app")).backgroundColor',
      );
      assert.match(background, /^rgb\((\d|[1-4]\d), /, `${name} is dark`);
    }
    await page.getByText(/^From \d+ recorded frames/).waitFor();
    await picture(other, "phone", { fullPage: false });
    assert.equal(await page.getByRole("button", { name: "Menu" }).count(), 1);
    const reached = new Set<string>();
    await page.locator("[data-setting=threshold] input").waitFor();
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate<string>(FOCUSED));
    }
    for (const control of [
      "edge",
      "threshold",
      "policy",
      "deadline",
      "learning",
      "Set",
      "Train now",
      "Dismiss",
      "Hold",
    ]) {
      assert.ok(reached.has(control), `${control} is not reached: ${[...reached].join(", ")}`);
    }
  });

  const outages = [
    { name: "broker", says: /The MQTT broker is away/, address: () => site.url },
    {
      name: "recorder",
      says: /The recorder is away/,
      address: async () => (await up.ready())["recorder.http"] ?? "",
    },
  ];
  for (const { name, says, address } of outages) {
    it(`says that the ${name} is away, and that it is back`, async () => {
      const outage = await takeDown(up.pid, name, Number(new URL(await address()).port));
      await health(name);
      assert.match(await overview.page.getByRole("status").first().innerText(), says);
      if (name === "broker") await picture(overview, "broker-away");
      await outage.end();
      await health("well");
    });
  }

  it("asked nothing of any other host, and had no error", () => {
    for (const { outside, errors } of [overview, other])
      assert.deepEqual({ outside, errors }, { outside: [], errors: [] });
  });
});

async function figure({ page }: WatchedPage, key: string): Promise<number> {
  const text = await page.locator(`[data-figure=${key}]`).getAttribute("value");
  return text === null ? Number.NaN : Number(text);
}

function note({ page }: WatchedPage, key: string): Promise<string> {
  return page.locator(`.meanet-figures > div:has([data-figure=${key}]) dd`).last().innerText();
}

async function picture({ page }: WatchedPage, name: string, { fullPage = true } = {}): Promise<void> {
  if (PICTURES === undefined) return;
  await page.waitForFunction("[...document.images].every((image) => image.complete)");
  // Between light and dark, colours change slowly.
  await page.waitForFunction("document.getAnimations().every(({ playState }) => playState !== 'running')");
  await page.screenshot({
    path: join(PICTURES, `dashboard-${name}.png`),
    fullPage,
    timeout: PATIENCE_MS,
  });
}
