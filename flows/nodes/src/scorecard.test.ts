/**
 * What the scorecard of Node-RED's Flow Library looks at, as far as it needs no network: `npx node-red-dev validate` asks for the rest,
 * by the codes that stand here. Left out is P03, an address of the sources or for bugs, which those have who publish the package.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly "node-red": { readonly version: string; readonly nodes: Readonly<Record<string, string>> };
}

const MAX_DEPENDENCIES = 6;

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;
const nodes = Object.entries(manifest["node-red"].nodes);

/** Whether a version is in a range of the one form that the manifest uses, `>=1.2`. */
function takes(range: string, version: string): boolean {
  const [, least = ""] = range.match(/^>=(\d+(?:\.\d+)*)$/) ?? [];
  assert.notEqual(least, "", `${range} is no range of the form >=1.2`);
  return version.localeCompare(least, "en", { numeric: true }) >= 0;
}

describe("the scorecard of the Flow Library", () => {
  it("P01: a licence, in the manifest and as a file", () => {
    assert.equal(manifest.license, "MIT");
    assert.match(read("LICENSE"), /^MIT License/);
  });

  it("P04, P05: a scoped name, and the keyword that the library finds packages by", () => {
    assert.match(manifest.name, /^@[a-z\d][\w.-]+\/[a-z\d][\w.-]*$/);
    assert.ok(manifest.keywords.includes("node-red"));
  });

  it("P06: the versions of Node-RED that it says are those that it is tested with", () => {
    const { version } = manifest["node-red"];
    for (const tested of ["node-red", "node-red-4"]) {
      const { version: installed } = require(`${tested}/package.json`) as { version: string };
      assert.ok(takes(version, installed), `${tested} ${installed} is not in ${version}`);
    }
    assert.equal(takes(version, "3.1.15"), false);
  });

  it("P07: the version of Node.js, none that Node-RED itself would refuse", () => {
    const { engines } = require("node-red/package.json") as { engines: { node: string } };
    assert.ok(takes(engines.node, manifest.engines.node.replace(">=", "")));
    assert.ok(takes(manifest.engines.node, process.versions.node));
  });

  it("D01: few dependencies, and no other kind that an installation would bring", () => {
    assert.ok(Object.keys(manifest.dependencies).length <= MAX_DEPENDENCIES);
    for (const kind of ["optionalDependencies", "peerDependencies", "bundledDependencies"])
      assert.equal(kind in manifest, false, kind);
  });

  it("N01: every type has the name of the package in front, and is registered once, where the manifest says", () => {
    for (const [type, script] of nodes) {
      assert.match(type, /^meanet-[a-z]+$/);
      for (const text of [read(script), read(script.replace(/\.js$/, ".html"))])
        assert.deepEqual(
          [...text.matchAll(/registerType\("([^"]*)",/g)].map(([, name]) => name),
          [type],
        );
    }
  });

  it("what it reads of a definition stands in it as it is, not as a variable", () => {
    const literals = {
      category: /^"\w+"$/,
      color: /^"#[\da-f]{6}"$/,
      icon: /^"[\w/-]+"$/,
      inputs: /^[01]$/,
      outputs: /^\d$/,
    };
    for (const [type, script] of nodes) {
      const text = read(script.replace(/\.js$/, ".html"));
      assert.match(text, /registerType\("[^"]+", \{/, type);
      for (const key of ["defaults", "credentials"])
        assert.doesNotMatch(text, new RegExp(`^ +${key}: [^{]`, "m"), `${key} of ${type}`);
      for (const [key, literal] of Object.entries(literals)) {
        const [, value] = text.match(new RegExp(`^ +${key}: (.*),$`, "m")) ?? [];
        // A configuration node has neither colour nor ends.
        if (value === undefined) assert.match(text, /category: "config"/, `${type} has no ${key}`);
        else assert.match(value, literal, `${key} of ${type}`);
      }
    }
  });

  it("N02: an example for every node", () => {
    const seen = new Set(
      readdirSync(join(root, "examples")).flatMap((file) =>
        (JSON.parse(read(join("examples", file))) as { readonly type: string }[]).map(({ type }) => type),
      ),
    );
    assert.deepEqual(
      nodes.map(([type]) => type).filter((type) => !seen.has(type)),
      [],
    );
  });

  it("a README that names every node, and a description", () => {
    const readme = read("README.md");
    assert.ok(readme.startsWith(`# ${manifest.name}\n`));
    for (const [type] of nodes) assert.ok(readme.includes(type.replace("meanet-", "")), type);
    assert.ok(manifest.description.length > 20);
  });
});
