import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openSqliteStore, startInfluxd } from "@meanet/recorder/testing";

const bin = join(import.meta.dirname, "../bin/meanet.js");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function meanet(...args: string[]): Promise<Ended> {
  return meanetWith({}, ...args);
}

function meanetWith(variables: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, ...variables };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bin, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin?.end();
  });
}

describe("meanet", () => {
  it("makes no document of results without the folder of its figures", async (context) => {
    const out = mkdtempSync(join(tmpdir(), "meanet-results-"));
    context.after(() => rmSync(out, { recursive: true }));
    const nowhere = join(out, "nowhere");
    for (const of of [
      ["low-light", "--runs", nowhere],
      ["cifar-100", "--zoo", nowhere],
    ]) {
      const { code, stderr } = await meanet("results", ...of, "--out", out);
      assert.equal(code, 1);
      assert.match(stderr, /^RESULTS_INVALID: \S+nowhere is not there; expected a folder that holds/);
    }
    assert.deepEqual(readdirSync(out), []);
  });

  it("lists its commands and exit codes", async () => {
    const { code, stdout } = await meanet("--help");
    assert.equal(code, 0);
    for (const name of ["up", "broker", "edge", "worker", "recorder", "flows", "replay"]) {
      assert.match(stdout, new RegExp(`^  ${name} +\\S`, "m"));
    }
    for (const name of ["train", "evaluate", "results", "query", "trace", "whatif", "bundle", "doctor"]) {
      assert.match(stdout, new RegExp(`^  ${name} +\\S`, "m"));
    }
    assert.match(stdout, /Exit codes: 0 done; 1 failed/);
  });

  it("ends with 2 for a flag or command that it does not have", async () => {
    const flag = await meanet("query", "exits", "--sinse", "1h");
    assert.deepEqual([flag.code, flag.stdout], [2, ""]);
    assert.match(flag.stderr, /unknown option '--sinse'\n\(Did you mean --since\?\)/);
    assert.equal((await meanet("fly")).code, 2);
    assert.equal((await meanet("query", "speed")).code, 2);
  });

  it("ends with 1 and one line of code and message for what somebody can act on", async () => {
    const { code, stderr } = await meanet("query", "exits", "--store", "/nowhere/recorder.sqlite");
    assert.equal(code, 1);
    assert.match(stderr, /^STORE_UNUSABLE: .*\/nowhere\/recorder\.sqlite.*\n$/);
  });

  it("asks a recorder over HTTP for figures, a frame's way or a what-if, and says in one line that it is not there", async () => {
    for (const command of [["trace", "frame-1"], ["whatif"], ["query", "exits"]]) {
      const { code, stderr } = await meanet(...command, "--recorder", "http://127.0.0.1:1");
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^RECORDER_UNREACHABLE: no answer from the recorder at http:\/\/127\.0\.0\.1:1: .*\n$/,
      );
    }
    const twice = await meanet("query", "exits", "--recorder", "http://a", "--influx", "http://b/c");
    assert.match(twice.stderr, /^CONFIG_INVALID: .*give one\n$/);
    const { code, stderr } = await meanet("trace", "Frame 1");
    assert.equal(code, 1);
    assert.match(stderr, /^QUERY_INVALID: .*"Frame 1"\n$/);
  });

  it("says where nothing was found, and of what; and names a plot that it cannot write", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "meanet-cli-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const store = join(folder, "recorder.sqlite");
    openSqliteStore(store).close();
    const none = await meanet("whatif", "--edge", "edge-9", "--store", store);
    assert.deepEqual([none.code, none.stderr], [0, ""]);
    assert.match(
      none.stdout,
      /^no answers of edge "edge-9" from \S+ to \S+; --since 1d looks further back\n$/,
    );
    assert.match(
      (await meanet("query", "exits", "--since", "30d", "--store", store)).stdout,
      /^no rows from \S+ to \S+\n$/,
    );
    const plot = join(folder, "no-folder", "curve.svg");
    const undrawn = await meanet("whatif", "--plot", plot, "--store", store);
    assert.equal(undrawn.code, 1);
    assert.match(undrawn.stderr, /^OUTPUT_UNWRITABLE: .*\/no-folder\/curve\.svg .*\n$/);
  });

  it("says in one line that InfluxDB is not there", async () => {
    const { code, stderr } = await meanet("query", "exits", "--influx", "http://127.0.0.1:1/meanet");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^STORE_UNUSABLE: InfluxDB gives no answer at http:\/\/127\.0\.0\.1:1\/meanet .*\n$/,
    );
  });

  it("asks an InfluxDB that wants user and password, and says so when they are wrong", async (context) => {
    const influxd = await startInfluxd({ authentication: true });
    context.after(() => influxd.stop());
    const statement = "CREATE USER anna WITH PASSWORD 'a-password' WITH ALL PRIVILEGES";
    await fetch(`${influxd.url}/query?q=${encodeURIComponent(statement)}`, { method: "POST" });
    const influx = ["--influx-url", `${influxd.url}/meanet`, "--influx-username", "anna"];
    const recorder = { MEANET__RECORDER__INFLUX__PASSWORD: "a-password" };
    assert.equal((await meanetWith(recorder, "recorder", "--provision", ...influx)).code, 0);

    const query = ["query", "exits", "--influx", `${influxd.url}/meanet`, "--influx-username", "anna"];
    const answered = await meanetWith({ MEANET__QUERY__INFLUX_PASSWORD: "a-password" }, ...query);
    assert.match(answered.stdout, /^no rows from /, answered.stderr);
    for (const refused of [
      await meanetWith({ MEANET__QUERY__INFLUX_PASSWORD: "another" }, ...query),
      await meanetWith(
        { MEANET__RECORDER__INFLUX__PASSWORD: "another" },
        "recorder",
        "--provision",
        ...influx,
      ),
    ]) {
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /^STORE_UNUSABLE: InfluxDB at \S+\/meanet answers 401, authorization failed: check user name and password[^\n]*\n$/,
      );
    }
  });

  it("says that named queries are not for InfluxDB 2, and what to ask instead", async (context) => {
    // As InfluxDB 2.7 answers without a token.
    const headers = { "x-influxdb-version": "v2.7.6", "content-type": "application/json" };
    const server = createServer(({ url }, response) => {
      if (url === "/ping") response.writeHead(204, headers).end();
      else response.writeHead(401, headers).end('{"code":"unauthorized","message":"unauthorized access"}');
    }).listen(0, "127.0.0.1");
    context.after(() => server.close());
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/meanet`;
    const { code, stderr } = await meanet("query", "exits", "--influx", url);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^STORE_UNUSABLE: InfluxDB at http:\S+ is of version v2\.7\.6, and named queries .* version 1: .*--store .*\n$/,
    );
  });

  it("provisions an InfluxDB and ends, telling what it did; a second time there is nothing to do", async (context) => {
    const influxd = await startInfluxd();
    context.after(() => influxd.stop());
    const flags = ["recorder", "--provision", "--influx-url", `${influxd.url}/meanet`];
    const first = await meanet(...flags);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    assert.match(
      first.stdout,
      /^created database meanet\nretention policy "raw": created, 1w, the default\n/,
    );
    const second = await meanet(...flags, "--influx-policies-minutes-keep", "30d");
    assert.equal(second.code, 0);
    assert.match(second.stdout, /"raw": 1w, as it was\nretention policy "1m": altered to 30d\n/);
  });

  it("provisions nothing without an InfluxDB, and says where one is given", async () => {
    const { code, stderr } = await meanet("recorder", "--provision");
    assert.equal(code, 1);
    assert.match(stderr, /^CONFIG_INVALID: .*--influx-url/);
  });

  it("trains either a bundle or one part, and says which of both is missing or too much", async () => {
    for (const flags of [[], ["--out", "bundle", "--part", "main"]]) {
      const { code, stderr } = await meanet("train", "--recipe", "recipe.yaml", ...flags);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^CONFIG_INVALID: train: .*expected the folder of the bundle to be made; or `part`.*→ out/,
      );
    }
    const { stderr } = await meanet("train", "--recipe", "recipe.yaml", "--part", "adaptive");
    assert.match(stderr, /^CONFIG_INVALID: train: .*main.*extension.*cloud/);
  });

  it("hashes no empty password", async () => {
    const { code, stdout, stderr } = await meanet("broker", "hash-password");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^CONFIG_INVALID: broker hash-password: the password is empty; .*\n$/);
  });

  it("names a wrong setting and where it came from", async () => {
    const { code, stderr } = await meanet("broker", "--http-port", "many");
    assert.equal(code, 1);
    assert.match(stderr, /^CONFIG_INVALID: broker: flag --http-port: .*expected number/);
  });

  it("adds reference frames of a folder that is there, by either name of the flag, and of no number but a whole one", async () => {
    const reference = (...flags: string[]) => meanet("bundle", "reference", "fashion-mnist", ...flags);
    for (const flag of ["--data", "--from"]) {
      const { code, stderr } = await reference(flag, "/nowhere");
      assert.equal(code, 1);
      assert.match(stderr, /^DATASET_MISSING: \/nowhere/);
    }
    const both = await reference("--data", "/nowhere", "--from", "/nowhere");
    assert.equal(both.code, 2);
    const { code, stderr } = await reference("--data", "/nowhere", "--per-class", "0");
    assert.equal(code, 2);
    assert.match(stderr, /--per-class .*expected a whole number above 0/);
  });

  it("quantises no bundle that is int8 already, without its data, or of parts that there are not", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "meanet-cli-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const quantize = (bundle: string, ...flags: string[]) =>
      meanet("bundle", "quantize", bundle, "--out", join(folder, "int8"), ...flags);
    assert.match((await quantize("fashion-mnist-int8")).stderr, /^QUANTIZATION_REFUSED: .* is int8 already/);
    assert.match(
      (await quantize("fashion-mnist", "--data", "/nowhere")).stderr,
      /^DATASET_MISSING: \/nowhere/,
    );
    const { code, stderr } = await quantize("fashion-mnist", "--parts", "main,wheels");
    assert.equal(code, 2);
    assert.match(stderr, /--parts .*expected some of main,extension,cloud/);
  });
});
