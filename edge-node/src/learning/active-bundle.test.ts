import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ActiveBundle } from "./active-bundle.ts";

test("a pointer that cannot be read now costs no bundle that was learned", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "meanet-active-bundle-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const learned = join(folder, "bundles", "1.0.0+edge.1");
  mkdirSync(learned, { recursive: true });
  mkdirSync(join(folder, "active.json"));
  const active = new ActiveBundle(folder, "came");
  await assert.rejects(active.open((error) => assert.fail(String(error))), { code: "EISDIR" });
  assert.ok(existsSync(learned));
  assert.equal(active.active, "came");
});
