import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connectDevice, type Device } from "@meanet/device";
import type { FrameRecord } from "@meanet/recorder";
import { createLog, hashPassword } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { waitUntil } from "@meanet/session/testing";
import { load, sampleFrames } from "./rig/frames.ts";
import { Meanet } from "./rig/meanet.ts";
import { scrape, seriesOf } from "./rig/metrics.ts";
import { type Machine, moved, prepareUnit } from "./rig/systemd.ts";

const root = join(import.meta.dirname, "..");
const units = join(root, "docs/services/systemd");
const examples = join(root, "docs/services/etc");
/** In an order to start them in; the broker is there for all others. */
const services = [
  "broker",
  "recorder",
  "worker@worker-1",
  "edge@edge-1",
  "flows",
  "bridge",
  "camera@gate",
] as const;
type Service = (typeof services)[number];
const FRAMES = 40;
/** In place of a network camera. */
const pattern =
  'input: "testsrc=size=320x240:rate=10"\ninputFormat: lavfi\ninputOptions: ["-re"]\nverdicts: all';

/** `edge@edge-1` is of `meanet-edge@.service`. */
function unitFile(service: Service): string {
  return `meanet-${service.replace(/@.*/, "@")}.service`;
}

/** Its settings at `/etc/meanet`, and its user at the broker. */
function nameOf(service: Service): string {
  return service.replace(/.*@/, "");
}

describe("the units for systemd", () => {
  const folder = mkdtempSync(join(tmpdir(), "meanet-units-"));
  const all = services.map((service) => `meanet-${service}.service`);
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(() => {
    cpSync(units, folder, { recursive: true });
    for (const unit of services.map(unitFile)) {
      // It looks whether the program is there.
      const text = readFileSync(join(units, unit), "utf8").replaceAll("/opt/meanet", root);
      writeFileSync(join(folder, unit), text);
    }
  });

  function analyze(...args: string[]): { status: number | null; said: string } {
    const { stdout, stderr, status, error } = spawnSync("systemd-analyze", args, {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    assert.equal(error, undefined, "this test needs systemd-analyze: sudo apt-get install systemd");
    return { status, said: stdout + stderr };
  }

  it("are there for each process that runs alone, and settings with each", () => {
    const files = readdirSync(units).filter((name) => name.endsWith(".service"));
    assert.deepEqual(files.sort(), services.map(unitFile).sort());
    const names = services.map((service) => `${nameOf(service)}.yaml`);
    assert.deepEqual(readdirSync(examples).sort(), names.sort());
  });

  it("leave systemd-analyze verify nothing to say", () => {
    assert.deepEqual(analyze("verify", ...all), { status: 0, said: "" });
  });

  it("expose little, in the judgement of systemd-analyze security", () => {
    // In tenths: without any hardening it is 96.
    const { status, said } = analyze("security", "--offline=true", "--threshold=25", "--no-pager", ...all);
    assert.equal(status, 0, said);
  });
});

describe("a site as its units start it", () => {
  const folder = mkdtempSync(join(tmpdir(), "meanet-services-"));
  const at = (...path: string[]) => join(folder, ...path);
  const folders: Record<string, string> = {
    "/opt/meanet": root,
    "/etc/meanet": at("etc"),
    "/var/lib/meanet": at("lib/meanet"),
  };
  const running = new Map<Service, Meanet>();
  const http = new Map<Service, string>();
  let camera: Device | undefined;

  function machineOf(service: Service): Machine {
    const credentials = at("credentials", service);
    return { folders, state: at("lib"), cache: at("cache"), credentials, instance: nameOf(service) };
  }

  /** What an operator writes: the settings, with the folders and addresses of here. */
  function writeSettings(service: Service, change = (text: string) => text): string {
    const name = `${nameOf(service)}.yaml`;
    const text = moved(readFileSync(join(examples, name), "utf8"), machineOf(service));
    writeFileSync(at("etc", name), change(text.replace(/port: \d+/g, "port: 0")));
    return at("etc", name);
  }

  function start(service: Service): Meanet {
    const dropIns = join(units, "meanet-.service.d");
    const files = [
      join(units, unitFile(service)),
      ...readdirSync(dropIns).map((name) => join(dropIns, name)),
    ];
    const { command, environment } = prepareUnit(files, machineOf(service));
    // A deadline that no busy machine misses.
    const patience = service === "edge@edge-1" ? { MEANET__EDGE__DEADLINE: "4m" } : {};
    const started = new Meanet([], {
      ...{ supervised: false, command, cwd: at("cwd") },
      environment: { PATH: process.env.PATH, ...environment, ...patience },
    });
    running.set(service, started);
    return started;
  }

  async function startReady(service: Service): Promise<void> {
    const [, url] = await start(service).says(/: ready(?: .*http (http:\S+))?\n/);
    if (url === undefined) return;
    http.set(service, url);
    const answer = async () => (await fetch(new URL("/readyz", url))).status;
    await waitUntil(`${service} is ready`, answer, (status) => status === 200);
  }

  before(async () => {
    for (const name of ["etc/credentials", "cwd", "lib"]) mkdirSync(at(name), { recursive: true });
    makeCertificates(at("etc"), at("etc/credentials"));
    const users = [...services.slice(1).map(nameOf), "cam-1"];
    const hashes = new Map<string, string>();
    for (const user of users) {
      writeFileSync(at("etc/credentials", user), `secret of ${user}\n`);
      hashes.set(user, await hashPassword(`secret of ${user}`));
    }
    writeSettings("broker", (text) =>
      text.replace(/(name: (\S+)\n\s+password: ")[^"]*/g, (_all, before: string, user: string) => {
        const hash = hashes.get(user);
        assert.ok(hash, `no password for ${user}`);
        hashes.delete(user);
        return before + hash;
      }),
    );
    assert.deepEqual([...hashes.keys()], [], "a user who is not in broker.yaml");

    await startReady("broker");
    const [, url] = await running.get("broker")!.says(/mqtts (mqtts:\S+)/);
    folders["mqtts://broker.hall-3.lan:8883"] = url!;
    for (const service of services.slice(1)) writeSettings(service);
    writeSettings("camera@gate", (text) => text.replace(/input: \S+/, pattern));
    await startReady("recorder");
    folders["http://127.0.0.1:9103"] = http.get("recorder")!;
    writeSettings("flows");
    await Promise.all(services.slice(2).map(startReady));
    const mqtt = { url, ca: at("etc/ca.pem"), username: "cam-1", password: "secret of cam-1" };
    camera = await connectDevice({
      ...{ mqtt: mqttConfigSchema.parse(mqtt), site: "hall-3", device: "cam-1" },
      log: createLog("test", "silent"),
    });
  });
  after(async () => {
    await camera?.close();
    await Promise.all(Array.from(running.values(), (one) => one.vanish()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("answers what a camera sends over TLS, by all three exits, and records it", async () => {
    const answers = await load({ camera: camera!, frames: await sampleFrames(), count: FRAMES });
    const exits = answers.map(({ verdict }) => (verdict.outcome === "answered" ? verdict.exit : "refused"));
    assert.deepEqual([...new Set(exits)].sort(), ["cloud", "extension", "main"]);
    await camera!.label("f-0", 9);
    const recorded = new URL("/frame/f-0?site=hall-3&device=cam-1", http.get("recorder"));
    const { verdicts } = await waitUntil(
      "frame and label are recorded",
      async () => {
        const response = await fetch(recorded);
        const { frames = [] } = (await response.json()) as { frames?: FrameRecord[] };
        return { truth: frames[0]?.truth, verdicts: frames[0]?.verdicts };
      },
      ({ truth, verdicts: found }) => found !== undefined && truth !== null,
    );
    assert.equal(verdicts?.[0]?.edge, "edge-1");
  });

  it("has everyone connected who should be, with rights enough", async () => {
    const figure = async (name: string) => {
      const { families } = await scrape(http.get("broker"));
      return seriesOf(families, `meanet_broker_${name}`).reduce((sum, { value }) => sum + value, 0);
    };
    await running.get("camera@gate")!.says(/"msg":"verdict"/);
    // Two of the recorder, two of the edge node, worker, bridge, flows, two of Node-RED in it, and two cameras.
    await waitUntil(
      "all are there",
      () => figure("clients"),
      (clients) => clients === 11,
    );
    assert.equal(await figure("denied_subscriptions_total"), 0);
    assert.equal(await figure("connections_ended_total"), 0);
  });

  it("writes into its own folders only", () => {
    assert.deepEqual(readdirSync(at("cwd")), []);
    assert.deepEqual(readdirSync(at("lib/meanet")).sort(), ["edge-1", "flows", "recorder"]);
  });

  it("ends well when it is told to stop, the broker last", async () => {
    await camera!.close();
    const stop = async (service: Service) => {
      const { code, signal, stderr } = await running.get(service)!.stop();
      assert.deepEqual({ service, code, signal }, { service, code: 0, signal: null }, stderr);
    };
    await Promise.all(services.slice(1).map(stop));
    await stop("broker");
  });

  it("says which setting is none", async () => {
    writeSettings("bridge", (text) => text.replace("conventions:", "convention:"));
    const { code, stderr } = await start("bridge").ended();
    assert.equal(code, 1);
    assert.match(stderr, /bridge\.yaml:\d+: ✖ unknown key → convention; expected one of: .*conventions/);
  });
});

/** An authority, and a certificate of it for the broker, as in the guide. */
function makeCertificates(folder: string, secrets: string): void {
  const make = (name: string, key: string, subject: string, ...more: string[]) =>
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-subj", `/CN=${subject}`, "-keyout", key, "-out", join(folder, name), ...more],
      ],
      { stdio: "pipe" },
    );
  const authority = join(secrets, "ca.key");
  make("ca.pem", authority, "hall-3");
  make(
    ...(["tls.pem", join(secrets, "tls.key"), "127.0.0.1"] as const),
    ...["-CA", join(folder, "ca.pem"), "-CAkey", authority],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
  );
}
