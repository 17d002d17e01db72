import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { createLog, isMeanetError } from "@meanet/runtime";
import { openStateFolder, type StateFolder } from "../state-folder.ts";
import { deliverFlows } from "./deliver.ts";
import type { FlowNode } from "./install-flows.ts";

const root = mkdtempSync(join(tmpdir(), "meanet-deliver-"));
after(() => rmSync(root, { recursive: true }));

const tab = { id: "meanet-tab-wall", type: "tab", label: "Wall" };
const own = { id: "own", type: "tab", label: "mine" };
let scenes = 0;
let version: FlowNode;
let state: StateFolder;
let logged: { level: string; msg: string; flow?: string; err?: { code: string } }[];

beforeEach(() => {
  scenes += 1;
  state = openStateFolder(join(root, `state-${scenes}`));
  deliverVersion("v1");
});

function deliverVersion(info: string): void {
  version = { ...tab, info };
}

function deliver(wanted?: readonly string[]) {
  logged = [];
  const log = createLog("flows", "info", { write: (line) => void logged.push(JSON.parse(line)) });
  return deliverFlows({ state, wanted, all: [{ name: "wall", nodes: [version] }], log });
}

function flows(): FlowNode[] {
  return JSON.parse(readFileSync(state.flowFile, "utf8")) as FlowNode[];
}

describe("delivering flows into Node-RED's folder", () => {
  it("upgrades what is untouched, keeps what was changed, and says where the new version is", () => {
    assert.deepEqual(deliver(), { wall: "installed" });
    deliverVersion("v2");
    assert.deepEqual(deliver(), { wall: "upgraded" });
    assert.deepEqual(flows(), [{ ...tab, info: "v2" }]);

    writeFileSync(state.flowFile, JSON.stringify([own, { ...tab, info: "my own" }]));
    deliverVersion("v3");
    const before = readFileSync(state.flowFile, "utf8");
    assert.deepEqual(deliver(), { wall: "outdated" });
    assert.equal(readFileSync(state.flowFile, "utf8"), before);
    assert.match(logged[0]!.msg, /new version.*Import, Local, MEANet/);
    assert.equal(logged[0]!.flow, "wall");
    const offered = readFileSync(join(state.userDir, "lib/flows/MEANet/wall.json"), "utf8");
    assert.deepEqual(JSON.parse(offered), [{ ...tab, info: "v3" }]);
  });

  it("leaves deleted tabs away", () => {
    deliver();
    writeFileSync(state.flowFile, JSON.stringify([own]));
    assert.deepEqual(deliver(), { wall: "deleted" });
    assert.deepEqual(flows(), [own]);
  });

  for (const [what, text] of [
    ["JSON that ends early", "[{"],
    ["no array", '{"flows": []}'],
    ["nodes without ids", '[{"type": "tab"}]'],
    ["nothing", ""],
  ] as const) {
    it(`keeps a broken file, names it, and begins anew: ${what}`, () => {
      deliver();
      for (const broken of [text, text, `${text} `]) {
        writeFileSync(state.flowFile, broken);
        assert.deepEqual(deliver(), { wall: "installed" });
        assert.equal(logged[0]!.err?.code, "FLOWS_UNREADABLE");
        assert.ok(logged[0]!.msg.includes(state.flowFile));
        assert.deepEqual(flows(), [{ ...tab, info: "v1" }]);
      }
      const kept = readdirSync(state.userDir).filter((name) => name.startsWith("flows.broken-"));
      assert.deepEqual(kept.map((name) => readFileSync(join(state.userDir, name), "utf8")).sort(), [
        text,
        `${text} `,
      ]);
    });
  }

  it("installs what is wanted only, and names what is not delivered", () => {
    assert.deepEqual(deliver([]), {});
    assert.deepEqual(flows(), []);
    assert.throws(
      () => deliver(["wall", "walls"]),
      (error) => isMeanetError(error, "CONFIG_INVALID") && /walls.*expected of: wall/.test(error.message),
    );
  });
});
