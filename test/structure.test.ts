import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: root, encoding: "utf8" }).trim().split("\n");

/** The workspace a file belongs to: `packages/protocol`, `edge-node`, `flows/nodes`. */
function workspaceOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "packages" || file.startsWith("flows/nodes/") ? `${first}/${second}` : first;
}

/** Tests, and what only they use. */
function isTest(file: string): boolean {
  return /(\.test|\.suite|-for-tests)\.ts$/.test(file);
}

const workspaceByName = new Map(
  [...new Set(files.map(workspaceOf))].map((folder) => {
    const { name } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { name: string };
    return [name, folder] as const;
  }),
);

/** Every import of a module by name or by path, `[file, specifier]`. */
const imports = files.flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    ([, specifier]) => [file, specifier!] as const,
  ),
);

/** `[importer, imported]` across workspaces. */
const crossings = imports.flatMap(([file, specifier]) => {
  const name = specifier.split("/").slice(0, 2).join("/");
  const target = workspaceByName.get(name);
  return target === undefined || target === workspaceOf(file) ? [] : [[file, target] as const];
});

const processes = ["broker", "edge-node", "cloud-worker", "recorder", "flows", "bridge", "camera"];

function offenders(forbidden: (from: string, to: string) => boolean): string[] {
  return crossings
    .filter(([file, to]) => forbidden(workspaceOf(file), to))
    .map(([file, to]) => `${file} → ${to}`);
}

test("packages are the ground floor: they import nothing above them", () => {
  assert.deepEqual(
    offenders((from, to) => from.startsWith("packages/") && !to.startsWith("packages/")),
    [],
  );
});

test("processes never import each other", () => {
  assert.deepEqual(
    offenders((from, to) => processes.includes(from) && processes.includes(to)),
    [],
  );
});

test("models and inference know no MQTT", () => {
  const mqttPackages = ["packages/protocol", "packages/session", "packages/device"];
  const deaf = ["models", "packages/inference", "packages/energy", "packages/image", "packages/pipeline"];
  assert.deepEqual(
    offenders((from, to) => deaf.includes(from) && mqttPackages.includes(to)),
    [],
  );
});

test("nothing imports cli, bench or test", () => {
  assert.deepEqual(
    offenders((_, to) => ["cli", "bench", "test"].includes(to)),
    [],
  );
});

test("one package each knows onnxruntime-node, sharp, aedes, influx and mqtt.js, which the Node-RED nodes know too", () => {
  const owners: Record<string, readonly string[]> = {
    "onnxruntime-node": ["packages/inference"],
    sharp: ["packages/image"],
    aedes: ["broker"],
    influx: ["recorder"],
    // The nodes are published apart, and share a connection in Node-RED's own way.
    mqtt: ["packages/session", "flows/nodes"],
  };
  const strays = imports.filter(([file, specifier]) => {
    const allowed = owners[specifier];
    return allowed !== undefined && !file.endsWith(".test.ts") && !allowed.includes(workspaceOf(file));
  });
  assert.deepEqual(strays, []);
});

test("the Node-RED nodes are thin: of ours they load the protocol, the error and what gives up refused messages", () => {
  const allowed = ["@meanet/protocol", "@meanet/runtime/error", "@meanet/session/refused-publish"];
  const strays = imports.filter(([file, specifier]) => {
    const isOurs = specifier.startsWith("@meanet/") || specifier.includes("onnx");
    return workspaceOf(file) === "flows/nodes" && !isTest(file) && isOurs && !allowed.includes(specifier);
  });
  assert.deepEqual(strays, []);
});

test("Node-RED is run by flows alone, and tried by its nodes' tests", () => {
  const strays = files.filter((file) => {
    const named = /["'](node-red(-4|-node-test-helper)?|@node-red\/[^"']*)(\/[^"']*)?["']/;
    return (
      !["flows", "flows/nodes", "test"].includes(workspaceOf(file)) &&
      named.test(readFileSync(join(root, file), "utf8"))
    );
  });
  assert.deepEqual(strays, []);
});

test("no file reaches into another workspace by path", () => {
  const strays = imports.filter(([file, specifier]) => {
    return specifier.startsWith(".") && workspaceOf(join(dirname(file), specifier)) !== workspaceOf(file);
  });
  assert.deepEqual(strays, []);
});
