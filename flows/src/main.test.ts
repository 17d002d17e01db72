import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { type Status, topicsUnder } from "@meanet/protocol";
import { createLog, isMeanetError } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { waitUntil } from "@meanet/session/testing";
import { allDelivered } from "./delivery/deliver.ts";
import { type FlowNode, installFlows } from "./delivery/install-flows.ts";
import { deploy, FlowsForTests, get, getJson, PATIENCE_MS } from "./flows-for-tests.ts";
import type { RunningFlows } from "./main.ts";
import { openBrowser, openPage } from "./testing/browser.ts";

let site: FlowsForTests;
before(async () => {
  site = await FlowsForTests.open();
});
after(() => site?.close());

describe("flows, on this machine", () => {
  const asked: string[] = [];
  const recorder = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response
      .writeHead(200, { "content-type": "image/jpeg", "set-cookie": "a=b", etag: '"1"' })
      .end("picture");
  });
  let running: RunningFlows;
  before(async () => {
    recorder.listen(0, "127.0.0.1");
    await once(recorder, "listening");
    const { port } = recorder.address() as AddressInfo;
    running = await site.start("plain", {
      recorder: { url: `http://127.0.0.1:${port}` },
      statsInterval: "100ms",
    });
  });
  after(async () => {
    await running?.stop();
    recorder.close();
  });

  it("answer where they say, with our nodes and the dashboard's, none failed", async () => {
    type NodeSet = { module: string; types: string[]; err?: string; enabled: boolean };
    const sets = await getJson<NodeSet[]>(`${running.editor}/nodes`);
    assert.deepEqual(
      sets.filter(({ err, enabled }) => err !== undefined || !enabled),
      [],
    );
    const types = (module: string) => sets.filter((set) => set.module === module).flatMap((set) => set.types);
    for (const type of ["meanet-connection", "meanet-verdict"]) {
      assert.ok(types("@meanet/node-red").includes(type), type);
    }
    assert.ok(types("@flowfuse/node-red-dashboard").includes("ui-chart"));
  });

  it("are delivered: all nodes of known types, and in the library for import", async () => {
    const flows = await getJson<FlowNode[]>(`${running.editor}/flows`);
    const sets = await getJson<{ types: string[] }[]>(`${running.editor}/nodes`);
    const known = new Set(["tab", "group", ...sets.flatMap(({ types }) => types)]);
    assert.deepEqual(
      flows.filter(({ type }) => !known.has(type)),
      [],
    );
    assert.ok(flows.some(({ type }) => type === "meanet-connection"));
    const library = await getJson<{ fn: string }[]>(`${running.editor}/library/local/flows/MEANet/`);
    assert.ok(library.some(({ fn }) => fn === "wall.json"));
  });

  it("fetch nothing from outside: no telemetry, no catalogue, no installation, and pages are held to this host", async () => {
    const shown = await getJson<Record<string, object>>(`${running.editor}/settings`);
    assert.equal(shown.telemetryEnabled, false);
    assert.deepEqual(outsideUrls(JSON.stringify(shown)), []);
    assert.deepEqual(shown.externalModules, {
      autoInstall: false,
      palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
      modules: { allowInstall: false },
    });
    assert.deepEqual((shown.editorTheme as { palette: object }).palette, { catalogues: [] });
    const editor = await get(running.editor);
    assert.deepEqual(outsideUrls(editor.text.replace(/<!--.*?-->/gs, "")), []);
    assert.match(editor.headers.get("content-security-policy") ?? "", /default-src 'self' /);
    const nodes = await get(`${running.editor}/nodes`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify({ module: "node-red-contrib-anything" }),
    });
    assert.equal(nodes.status, 404);
  });

  it("show in a browser without asking anywhere else, and the editor would deploy delivered tabs as they came", async (context) => {
    const browser = await openBrowser();
    context.after(() => browser.close());
    const { page, outside, errors } = await openPage(browser, running.editor);
    await page.goto(`${running.editor}/`, { waitUntil: "domcontentloaded" });
    const delivered = await getJson<FlowNode[]>(`${running.editor}/flows`);
    const tabs = delivered.filter(({ type }) => type === "tab").length;
    await page.waitForFunction(`globalThis.RED?.workspaces?.count?.() >= ${tabs}`);
    const edited = await page.evaluate<FlowNode[]>("RED.nodes.createCompleteNodeSet({ credentials: false })");
    const { report } = installFlows(edited, allDelivered(), {});
    assert.deepEqual([...new Set(Object.values(report))], ["current"], JSON.stringify(report));

    for (const path of ["/wall", "/labelling", "/tuning", "/sensors"]) {
      await page.goto(running.editor + path);
      await page.waitForFunction("document.getElementById('state').textContent !== 'Loading …'");
    }
    assert.deepEqual(outside, []);
    // The pages' own questions, to which the recorder of this test has no answer.
    assert.deepEqual(
      errors.filter((text) => !text.startsWith("Failed to load resource")),
      [],
    );
  });

  it("are open to names of this machine only, so that no page elsewhere reaches them by a name of its own", async () => {
    const { port } = new URL(running.editor);
    assert.equal(await rawStatus(port, "example.org"), 403);
    assert.equal(await rawStatus(port, `localhost:${port}`), 200);
  });

  it("open the editor's socket to their own pages, and to no page elsewhere by whatever name", async () => {
    const { host, port } = new URL(running.editor);
    const own = `http://${host}`;
    assert.equal(await upgraded(port, { host, origin: own }), true);
    assert.equal(await upgraded(port, { host }), true);
    assert.equal(await upgraded(port, { host, origin: "https://example.org" }), false);
    const rebound = `example.org:${port}`;
    assert.equal(await upgraded(port, { host: rebound, origin: `http://${rebound}` }), false);
  });

  it("hand pictures on from the recorder, and nothing but GET", async () => {
    const picture = await get(`${running.editor}/recorder/thumbnail/cam-1?x=1`);
    assert.deepEqual(
      [picture.status, picture.text, picture.headers.get("content-type")],
      [200, "picture", "image/jpeg"],
    );
    assert.equal(picture.headers.get("set-cookie"), null);
    assert.ok(asked.some((line) => line.startsWith("GET /thumbnail/cam-1?x=1&site=")));
    assert.equal((await get(`${running.editor}/recorder/queries`, { method: "POST" })).status, 405);
    assert.ok(!asked.some((line) => line.startsWith("POST")));
  });

  it("tell their status and health like every node", async (context) => {
    const status = await firstStatus(context, "plain");
    assert.deepEqual([status.state, status.kind], ["online", "flows"]);
    assert.deepEqual(await getJson(`${running.http!.url}/readyz`), { ready: true, waitingFor: [] });
    const { text } = await get(`${running.http!.url}/metrics`);
    assert.match(text, /^meanet_flows_node_red_up\{process="flows"\} 1$/m);
  });

  it("keep key and settings for their owner alone", () => {
    for (const file of ["credential-secret", "settings.cjs", "flows_cred.json"]) {
      assert.equal(statSync(join(site.folder, "plain", file)).mode & 0o777, 0o600, file);
    }
  });

  it("work again on the same port after Node-RED was killed, with what was deployed", async () => {
    const flows = await getJson<FlowNode[]>(`${running.editor}/flows`);
    await deploy(running.editor, [...flows, { id: "mine", type: "tab", label: "mine" }]);
    const { pid } = running;
    process.kill(pid!, "SIGKILL");
    await answersAgain(running, pid);
    // It answers before its flows are read.
    await waitUntil(
      "its flows are there",
      () => getJson<unknown>(`${running.editor}/flows`),
      (later) => Array.isArray(later) && (later as FlowNode[]).some(({ id }) => id === "mine"),
    );
  });
});

/** Whether the editor's socket is opened to a request with these headers. */
function upgraded(port: string, headers: Readonly<Record<string, string>>): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({
      ...{ host: "127.0.0.1", port, path: "/comms" },
      headers: {
        ...{ connection: "Upgrade", upgrade: "websocket" },
        ...{ "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
        ...headers,
      },
    });
    asked.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve(true);
    });
    asked.on("response", () => resolve(false));
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

describe("flows, started and ended", () => {
  it("say by name that the port is taken", async (context) => {
    const taken = createTcpServer().listen(0, "127.0.0.1");
    context.after(() => taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(
      site.start("taken", { editor: { port } }),
      (error) => isMeanetError(error, "PORT_TAKEN") && error.message.includes("editor.port"),
    );
  });

  it("leave no Node-RED behind: not when stopped, not when a broken flow file is met, which is kept", async () => {
    const state = join(site.folder, "plain-stop");
    const first = await site.start("plain-stop");
    const { pid } = first;
    await first.stop();
    assert.ok(!exists(pid!));
    writeFileSync(join(state, "flows.json"), "[{");
    const second = await site.start("plain-stop");
    const kept = readdirSync(state).filter((name) => name.startsWith("flows.broken-"));
    assert.deepEqual(
      kept.map((name) => readFileSync(join(state, name), "utf8")),
      ["[{"],
    );
    await second.stop();
  });

  it("end with the process that started them, even by kill -9", async () => {
    const program = join(import.meta.dirname, "testing/flows-process.ts");
    const parent = spawn(process.execPath, [program, JSON.stringify(site.settings("orphan"))], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const [pid] = (await once(parent, "message")) as [number];
    assert.ok(exists(pid));
    parent.kill("SIGKILL");
    await wentAway(pid);
  });
});

/** `fetch` sets the Host header itself. */
async function rawStatus(port: string, host: string): Promise<number | undefined> {
  const asking = request({ host: "127.0.0.1", port, headers: { host } }).end();
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

/** Absolute URLs of other machines. */
function outsideUrls(text: string): string[] {
  return [...text.matchAll(/(?:https?:)?\/\/(?!127\.0\.0\.1|localhost)[a-z0-9.-]+\.[a-z]{2,}[^"' ]*/g)].map(
    ([url]) => url,
  );
}

async function firstStatus(context: TestContext, node: string): Promise<Status> {
  const mqtt = mqttConfigSchema.parse({ url: site.broker.url });
  const session = new MqttSession({
    mqtt,
    node: `watch-${node}`,
    site: "default",
    log: createLog("test", "silent"),
  });
  context.after(() => session.close());
  const { promise, resolve } = Promise.withResolvers<Status>();
  session.subscribe(topicsUnder().status, { node }, ({ value }) => resolve(value));
  await session.connect();
  return promise;
}

/** Readiness is what users and `meanet up` go by. */
async function answersAgain(running: RunningFlows, before: number | undefined): Promise<void> {
  await waitUntil(
    "Node-RED answers again",
    async () => ({ ...(await get(`${running.http!.url}/readyz`)), pid: running.pid }),
    ({ status, pid }) => status === 200 && pid !== undefined && pid !== before,
    PATIENCE_MS,
  );
}

async function wentAway(pid: number): Promise<void> {
  await waitUntil(
    `process ${pid} is gone`,
    () => exists(pid),
    (is) => !is,
    PATIENCE_MS,
  );
}

/** As Linux tells; one that has ended and that nobody has asked for yet (Z) is gone. */
function exists(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
