import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "@meanet/recorder/testing";
import { Meanet, meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";
import { expectWhole, type Summary, summaryOf } from "./rig/summary.ts";

const FRAMES = 400;
const commands =
  "up broker edge worker recorder flows bridge camera replay train evaluate results query trace whatif scenario bundle dataset doctor".split(
    " ",
  );

describe("meanet up", () => {
  const site = new Site();
  after(() => site.close());
  let summary: Summary;
  let stdout: string;
  before(async () => {
    const size = ["--frames", String(FRAMES), "--rate", "200"];
    const ended = await meanet("up", ...size, "--port", "0", "--json", "--state", site.folder);
    summary = expectWhole(ended, FRAMES);
    stdout = ended.stdout;
  });

  it("ends with one JSON object that names every figure, and nothing else on standard output", () => {
    assert.equal(stdout.trim().split("\n").length, 1);
    assert.deepEqual(keysOf(summary), {
      ...{ frames: true, verdicts: true, refused: true, refusals: {}, dropped: true, accuracy: true },
      exits: { main: true, extension: true, cloud: true },
      latencyMs: { p50: true, p99: true },
      energyJ: { edge: true, uplink: true, total: true, perFrame: true },
      uplinkBytes: true,
      store: { file: true, rows: true, missing: true },
    });
  });

  it("gives figures that agree among themselves", () => {
    const { verdicts, accuracy, exits, latencyMs, energyJ, uplinkBytes, store } = summary;
    assert.equal(exits.main + exits.extension + exits.cloud, verdicts);
    assert.ok(accuracy > 0.88 && accuracy <= 1, `accuracy ${accuracy}`);
    assert.ok(latencyMs.p50 > 0 && latencyMs.p50 <= latencyMs.p99, JSON.stringify(latencyMs));
    assert.ok(energyJ.edge > 0 && energyJ.uplink > 0);
    assert.ok(Math.abs(energyJ.total - energyJ.edge - energyJ.uplink) < 1e-9);
    assert.ok(Math.abs(energyJ.perFrame - energyJ.total / FRAMES) < 1e-9);
    // A complex item holds at least the 784 bytes of its frame.
    assert.ok(uplinkBytes >= 784 * exits.cloud, `${uplinkBytes} bytes`);
    assert.equal(store.file, site.storeFile);
  });

  it("leaves a store whose queries give the same counts", async () => {
    const { rows: exits } = await query("exits", site.storeFile);
    assert.deepEqual(
      Object.fromEntries(exits.map(([exit, frames]) => [String(exit), frames])),
      summary.exits,
    );
    const { rows: throughput } = await query("throughput", site.storeFile);
    assert.equal(throughput[0]?.[0], summary.verdicts);
    const { columns, rows } = await query("accuracy", site.storeFile);
    assert.equal(rows[0]?.[columns.indexOf("accuracy")], summary.accuracy);
  });
});

describe("meanet up, asked for what cannot be", () => {
  const site = new Site();
  after(() => site.close());

  it("says that the port is taken and what to do", async () => {
    const server: Server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    after(() => server.close());
    const { port } = server.address() as { port: number };
    const { code, stderr } = await meanet("up", "--port", String(port), "--state", site.folder);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`PORT_TAKEN: port ${port} .* is taken: .*--port 0.*--broker mqtt://`));
  });

  it("ends with 2 for an unknown flag, and names it", async () => {
    const { code, stderr } = await meanet("up", "--frame", "10");
    assert.equal(code, 2);
    assert.match(stderr, /unknown option '--frame'/);
  });
});

describe("meanet up, stopped by hand", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends in order at ${signal}: plain lines, a summary, exit code 0, no process left`, async () => {
      const site = new Site();
      after(() => site.close());
      const flags = ["--port", "0", "--flows", "false", "--rate", "50", "--json", "--state", site.folder];
      const up = new Meanet(["up", ...flags], { supervised: false });
      await up.says(/first verdict .* after the start/);
      await up.says(/\d+ s {2}\d+ frames \|/);
      const children = childrenOf(up.pid);
      assert.equal(children.length, 4);

      up.signal(signal);
      const ended = await up.ended();

      assert.equal(ended.code, 0, ended.stderr);
      assert.ok(!ended.stderr.includes("\u001b"), "no control characters without a terminal");
      const { frames, store } = summaryOf(ended);
      assert.ok(frames > 0);
      assert.equal(store.missing, 0);
      await waitUntil(
        "its children are gone",
        () => children.filter(isAlive),
        (left) => left.length === 0,
      );
    });
  }
});

describe("meanet up, told to end while it starts", () => {
  // A service manager signals all processes at once, in any order.
  for (const [whom, order] of [
    ["alone", ["itself"]],
    ["before its processes", ["itself", "children"]],
    ["after its processes", ["children", "a while", "itself"]],
  ] as const) {
    for (const least of [1, 4]) {
      it(`ends quietly, ${whom}, with ${least === 1 ? "its broker" : "all four"} under way`, async () => {
        const site = new Site();
        after(() => site.close());
        const flags = ["--port", "0", "--json", "--state", site.folder];
        const up = new Meanet(["up", ...flags], { supervised: false });
        const begun = await waitUntil(
          "processes start",
          () => childrenOf(up.pid),
          (pids) => pids.length >= least,
        );
        const ended = () => begun.filter((pid) => !isAlive(pid));
        for (const told of order) {
          if (told === "itself") up.signal("SIGTERM");
          if (told === "children") for (const pid of begun) process.kill(pid, "SIGTERM");
          if (told === "a while") await waitUntil("a process has ended", ended, (pids) => pids.length > 0);
        }
        const end = await up.ended();

        assert.equal(end.code, 0, end.stderr);
        assert.match(end.stderr, /SIGTERM: stopping in order/);
        assert.doesNotMatch(end.stderr, /PROCESS_FAILED|starting it again/);
        const { frames, store } = summaryOf(end);
        assert.deepEqual([frames, store.missing], [0, 0]);
        await waitUntil(
          "its children are gone",
          () => begun.filter(isAlive),
          (left) => left.length === 0,
        );
      });
    }
  }
});

describe("meanet --help", () => {
  it("lists every command, and each explains itself", async () => {
    const { code, stdout } = await meanet("--help");
    assert.equal(code, 0);
    assert.deepEqual(
      [...stdout.matchAll(/^ {2}([a-z]+) .*\S/gm)].map(([, name]) => name),
      commands,
    );
    for (const command of commands) {
      const help = await meanet(command, "--help");
      assert.equal(help.code, 0, command);
      assert.match(help.stdout, new RegExp(`^Usage: meanet ${command}\\b`), command);
    }
  });
});

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

async function query(name: string, storeFile: string): Promise<Answer> {
  const { code, stdout, stderr } = await meanet("query", name, "--json", "--store", storeFile);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Answer;
}

type Keys = { readonly [key: string]: Keys | true };

function keysOf(value: object): Keys {
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    return [key, typeof inner === "object" && inner !== null ? keysOf(inner) : true] as const;
  });
  return Object.fromEntries(entries);
}

/** Of this moment, as Linux tells. */
function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [...listed.matchAll(/\d+/g)].map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
