import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadBundle } from "@meanet/models";
import { writeQuadrantBundle } from "@meanet/models/testing";
import { ActiveBundle } from "./active-bundle.ts";

function newFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "meanet-active-bundle-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a pointer that cannot be read now costs no bundle that was learned", async (context) => {
  const folder = newFolder(context);
  const learned = join(folder, "bundles", "1.0.0+edge.1");
  mkdirSync(learned, { recursive: true });
  mkdirSync(join(folder, "active.json"));
  const active = new ActiveBundle(folder, "came");
  await assert.rejects(
    active.open((error) => assert.fail(String(error))),
    { code: "EISDIR" },
  );
  assert.ok(existsSync(learned));
  assert.equal(active.active, "came");
});

test("a bundle is written whole while hard classes are agreed on", async (context) => {
  const folder = newFolder(context);
  const came = join(folder, "came");
  await writeQuadrantBundle(came);
  const bundle = await loadBundle(came);
  const active = new ActiveBundle(join(folder, "learning"), came);
  await active.open((error) => assert.fail(String(error)));
  let written = false;
  const made = { base: "quadrants@1.0.0", node: "edge", hardClasses: [0, 1], items: 1, at: new Date(0) };
  const writing = active.write(bundle, { extension: bundle.files.extension, epochs: 1 }, made).finally(() => {
    written = true;
  });
  const agreeing = async () => {
    while (!written) await active.point({ agreed: [0, 1] });
  };
  const [version] = await Promise.all([writing, agreeing()]);
  assert.equal((await loadBundle(active.folderOf(version))).manifest.version, version);
});
