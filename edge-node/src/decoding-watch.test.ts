import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { DecodingWatch } from "./decoding-watch.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-watch-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const picture = (name: string) => Buffer.from(name);

function watchOn(file: string, nowMs: () => number = () => 0) {
  const errors: unknown[] = [];
  const watch = new DecodingWatch({ file, nowMs, onError: (error) => errors.push(error) });
  return { watch, errors };
}

/** A process that decodes these pictures at once, and ends as native code does at the one called deadly. */
function run(file: string, pictures: readonly string[]): string {
  const module = pathToFileURL(join(import.meta.dirname, "decoding-watch.ts")).href;
  const script = `
    const { DecodingWatch } = await import(${JSON.stringify(module)});
    const watch = new DecodingWatch({ file: ${JSON.stringify(file)}, nowMs: () => 0, onError: console.error });
    const decode = async (name) => { await null; if (name === "deadly") process.abort(); return name; };
    const results = await Promise.allSettled(
      ${JSON.stringify(pictures)}.map((name) => watch.decode(Buffer.from(name), () => decode(name))),
    );
    console.log(results.map(({ value, reason }) => value ?? reason.code).join());`;
  const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return ended.signal ?? ended.stdout.trim();
}

describe("the watch over decoding", { timeout: 300_000 }, () => {
  test("refuses a picture that ended the process alone twice, and lets all others through", async () => {
    const file = join(folder, "deadly.json");
    const pictures = ["a", "deadly", "b"];
    // Once unwatched, twice noted.
    for (let end = 0; end < 3; end++) assert.equal(run(file, pictures), "SIGABRT");
    assert.equal(run(file, pictures), "a,IMAGE_UNDECODABLE,b");
    const { watch } = watchOn(file);
    watch.stop();
    assert.equal(run(file, pictures), "a,IMAGE_UNDECODABLE,b");
  });

  test("lets pictures run beside each other after a clean end, and one by one for a minute after another", async () => {
    const file = join(folder, "beside.json");
    let nowMs = 0;
    const most = async (watch: DecodingWatch) => {
      let inside = 0;
      let highest = 0;
      const decode = async () => {
        highest = Math.max(highest, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      };
      await Promise.all(["a", "b", "c"].map((name) => watch.decode(picture(name), decode)));
      return highest;
    };
    assert.equal(await most(watchOn(file).watch), 3);
    const { watch } = watchOn(file, () => nowMs);
    assert.equal(await most(watch), 1);
    nowMs = 60_000;
    assert.equal(await most(watch), 3);
    watch.stop();
    assert.equal(await most(watchOn(file).watch), 3);
  });

  test("goes on after a picture that does not decode", async () => {
    const file = join(folder, "fails.json");
    watchOn(file);
    const { watch } = watchOn(file);
    const fails = watch.decode(picture("a"), async () => Promise.reject(new Error("no picture")));
    const decodes = watch.decode(picture("b"), async () => "b");
    await assert.rejects(fails, /no picture/);
    assert.equal(await decodes, "b");
  });

  test("decodes also when its file is damaged or cannot be written", async () => {
    const damaged = join(folder, "damaged.json");
    writeFileSync(damaged, '{"runn');
    const { watch, errors } = watchOn(damaged);
    assert.equal(errors.length, 1);
    assert.equal(await watch.decode(picture("a"), async () => "a"), "a");
    const unwritable = watchOn(join(damaged, "below-a-file.json"));
    assert.equal(await unwritable.watch.decode(picture("a"), async () => "a"), "a");
    assert.ok(unwritable.errors.length > 0);
  });
});
