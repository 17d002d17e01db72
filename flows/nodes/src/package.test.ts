import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { freePort } from "@meanet/session/testing";
import type { FlowNode } from "./flow-for-tests.ts";

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "meanet-package-"));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly "node-red": { readonly nodes: Readonly<Record<string, string>> };
};
const types = Object.keys(manifest["node-red"].nodes);
const languages = ["en-US", "de"];

before(() => {
  execFileSync("npm", ["pack", "--ignore-scripts=false", "--silent", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  const [tarball = ""] = readdirSync(folder);
  execFileSync("tar", ["-xzf", join(folder, tarball), "-C", folder]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("holds what its nodes need, and neither sources nor tests", () => {
    const files = readdirSync(join(folder, "package"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      files.filter((file) => file.endsWith(".ts")),
      [],
    );
    for (const name of ["README.md", "LICENSE", "load.js"]) assert.ok(files.includes(name), name);
  });

  for (const [version, main] of [
    ["4", "node-red-4"],
    ["5", "node-red"],
  ] as const) {
    it(`works in an empty user directory of Node-RED ${version}: nodes, texts and examples`, async (context) => {
      const editor = await startNodeRed(context, require.resolve(main));
      const sets = (await editor.get("/nodes")) as NodeSet[];
      const ours = sets.filter(({ module }) => module === "@meanet/node-red");
      assert.deepEqual(
        ours.map(({ types: [type], enabled, err }) => [type, enabled, err]),
        types.map((type) => [type, true, undefined]),
      );
      for (const language of languages) {
        const texts = (await editor.get(`/nodes/messages?lng=${language}`)) as Record<string, object>;
        for (const type of types) assert.ok(texts[`@meanet/node-red/${type}`], `${type} in ${language}`);
        const dialogs = await editor.page("/nodes", language);
        for (const type of types)
          assert.ok(dialogs.includes(helpOf(type, language)), `help of ${type} in ${language}`);
      }
      // A language that we have not gets the English one, and a country's German is German.
      const [type = ""] = types;
      for (const [asked, given] of [
        ["fr", "en-US"],
        ["de-AT", "de"],
      ] as const) {
        assert.ok((await editor.page("/nodes", asked)).includes(helpOf(type, given)), asked);
      }
      const seen = new Set<string>();
      for (const name of readdirSync(join(folder, "package/examples"))) {
        const flow = JSON.parse(
          readFileSync(join(folder, "package/examples", name), "utf8"),
        ) as readonly FlowNode[];
        await editor.deploy(flow);
        for (const { type } of flow) seen.add(type);
      }
      assert.deepEqual(
        types.filter((type) => !seen.has(type)),
        [],
      );
    });
  }
});

/** As the package has it, beside the script of its node. */
function helpOf(type: string, language: string): string {
  const script = join(folder, "package", manifest["node-red"].nodes[type] ?? "");
  return readFileSync(
    join(dirname(script), "locales", language, basename(script, ".js").concat(".html")),
    "utf8",
  ).trim();
}

interface NodeSet {
  readonly module: string;
  readonly types: readonly string[];
  readonly enabled: boolean;
  readonly err?: string;
}

/** A Node-RED of its own, with the package in its user directory and nothing else. */
async function startNodeRed(context: TestContext, main: string) {
  const userDir = mkdtempSync(join(tmpdir(), "meanet-user-dir-"));
  const modules = join(userDir, "node_modules");
  mkdirSync(join(modules, "@meanet"), { recursive: true });
  execFileSync("cp", ["-r", join(folder, "package"), join(modules, "@meanet/node-red")]);
  for (const name of Object.keys(manifest.dependencies)) {
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(modules, name), "dir");
  }
  const port = await freePort();
  const settings = {
    ...{ uiHost: "127.0.0.1", uiPort: port, userDir, flowFile: "flows.json", credentialSecret: "test" },
    ...{ telemetry: { enabled: false }, editorTheme: { tours: false, palette: { catalogues: [] } } },
  };
  writeFileSync(join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
  const child = spawn(
    process.execPath,
    [join(dirname(main), "../red.js"), "--settings", join(userDir, "settings.js")],
    { stdio: ["ignore", "pipe", "pipe"], cwd: userDir },
  );
  const exited = once(child, "exit");
  let said = "";
  const news = new EventEmitter();
  const hear = (text: Buffer) => {
    said += text.toString();
    news.emit("said");
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = (code: number | null) =>
    news.emit("error", new Error(`Node-RED ended with ${code}: ${said}`));
  child.on("exit", ended);
  context.after(async () => {
    child.off("exit", ended);
    child.kill("SIGKILL");
    await exited;
    rmSync(userDir, { recursive: true, force: true });
  });
  /** Flows with a type that no module has never start. */
  const started = async () => {
    while (!/Started( modified)? (flows|nodes)/.test(said)) await once(news, "said");
    said = "";
  };
  // Its HTTP may come up before the flows or after them.
  while (!said.includes("Server now running")) await once(news, "said");
  await started();

  const url = `http://127.0.0.1:${port}`;
  const headers = { accept: "application/json", "content-type": "application/json" };
  return {
    async get(path: string): Promise<unknown> {
      return await (await fetch(`${url}${path}`, { headers })).json();
    },
    /** What the editor shows, in the language that a browser prefers. */
    async page(path: string, language: string): Promise<string> {
      const preferred = { accept: "text/html", "accept-language": language };
      return await (await fetch(`${url}${path}`, { headers: preferred })).text();
    },
    async deploy(flow: readonly FlowNode[]): Promise<void> {
      const response = await fetch(`${url}/flows`, { method: "POST", headers, body: JSON.stringify(flow) });
      assert.equal(response.status, 204, await response.text());
      await started();
    },
  };
}
