import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { deploy, FlowsForTests, PATIENCE_MS } from "./flows-for-tests.ts";
import type { RunningFlows } from "./main.ts";
import { openBrowser, openPage } from "./testing/browser.ts";

/** Of each node: values that its dialog takes for right, and one that it does not. */
const nodes: Readonly<Record<string, { right: object; wrong: object }>> = {
  "meanet-device": { right: { device: "cam-1", wait: true, timeout: "2.5" }, wrong: { device: "cam/1" } },
  "meanet-verdict": {
    right: { devices: "cam-1, cam-2", exits: "cloud", minConfidence: "0.8" },
    wrong: { minConfidence: "80" },
  },
  "meanet-label": { right: { label: "Shirt" }, wrong: { label: "x".repeat(129) } },
  "meanet-control": { right: { edge: "edge-1", timeout: "10" }, wrong: { timeout: "soon" } },
  "meanet-query": { right: { query: "exits", since: "15m", interval: "10s" }, wrong: { since: "yesterday" } },
  "meanet-status": { right: { states: "online, offline" }, wrong: { states: "on" } },
  "meanet-training": { right: { events: "accepted, refused" }, wrong: { events: "won" } },
};

describe("dialogs of our nodes in the editor", { timeout: 3 * PATIENCE_MS }, () => {
  let site: FlowsForTests;
  let flows: RunningFlows;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  before(async () => {
    site = await FlowsForTests.open();
    flows = await site.start("editor", { deliver: [] });
    browser = await openBrowser();
    const deployed = Object.entries(nodes).flatMap(([type, { right, wrong }]) =>
      Object.entries({ right, wrong }).map(([name, values]) => ({
        ...{ id: `${type}-${name}`, type, z: "tab", x: 100, y: 100, wires: [], connection: "site" },
        ...values,
      })),
    );
    const tab = { id: "tab", type: "tab", label: "dialogs" };
    const connection = { id: "site", type: "meanet-connection", url: site.broker.url, site: "default" };
    await deploy(flows.editor, [tab, connection, ...deployed]);
  });
  after(async () => {
    await browser?.close();
    await flows?.stop();
    await site?.close();
  });

  const languages = { "en-US": ["Connection", /expected/], de: ["Verbindung", /erwartet/] } as const;
  for (const [language, [connectionWord, reason]] of Object.entries(languages)) {
    it(`open, are labelled in ${language}, and say what they expect in place of a wrong value`, async () => {
      const { page, errors } = await openPage(browser, flows.editor);
      await page.addInitScript(`localStorage.setItem("editor-language", "${language}")`);
      await page.goto(`${flows.editor}/`, { waitUntil: "domcontentloaded" });
      await page.waitForFunction('globalThis.RED?.nodes?.node?.("meanet-training-wrong") != null');
      // The last that the editor does when it loads; a dialog that is opened before meets a sidebar that does not stand yet.
      await page.locator("#red-ui-header-toolbar:not(.hide)").waitFor();
      for (const type of Object.keys(nodes)) {
        const valid = (name: string) => page.evaluate(`RED.nodes.node("${type}-${name}").valid`);
        assert.equal(await valid("wrong"), false, `${type} with a wrong value`);
        const said = await page.evaluate<string[]>(`RED.nodes.node("${type}-wrong").validationErrors`);
        assert.match(said.join(), reason, type);
        const reasons = await page.evaluate(`RED.nodes.node("${type}-right").validationErrors`);
        assert.equal(await valid("right"), true, `${type} with right values: ${JSON.stringify(reasons)}`);
        await page.evaluate(`RED.editor.edit(RED.nodes.node("${type}-right"))`);
        await page.locator("#node-input-connection").first().waitFor();
        assert.ok((await labelled(page, type)).includes(connectionWord), `${type} in ${language}`);
        await page.locator("#node-dialog-cancel").click();
        await page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
      }
      await page.evaluate('RED.editor.editConfig("", "meanet-connection", "site")');
      await page.locator("#node-config-input-url").waitFor();
      await labelled(page, "meanet-connection");
      // The query node's dialog asks the recorder for its queries, and there is none here.
      assert.deepEqual(
        errors.filter((text) => !text.startsWith("Failed to load resource")),
        [],
      );
      await page.close();
    });
  }

  it("show what a node counts in its status, with the figure in its place", async () => {
    const { page } = await openPage(browser, flows.editor);
    await page.goto(`${flows.editor}/`, { waitUntil: "domcontentloaded" });
    const shown = 'globalThis.RED?.nodes?.node?.("meanet-label-right")?.status?.text';
    await page.waitForFunction(`${shown} === "0 sent"`);
    await page.close();
  });
});

type Page = Awaited<ReturnType<typeof openPage>>["page"];

/** The texts of the dialog, none of which is the key of one. */
async function labelled(page: Page, type: string): Promise<string[]> {
  const texts = await page.locator(".red-ui-tray-body [data-i18n]:not([data-i18n^='['])").allInnerTexts();
  assert.ok(texts.length > 2, `${type}: ${texts.length} texts`);
  const keys = texts.filter((text) => /^([@\w-]+\/)?[\w/-]*:?\w+\.[\w.]+$/.test(text));
  assert.deepEqual(keys, [], type);
  return texts;
}
