import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { checkFfmpeg } from "@meanet/camera";
import { openRapl } from "@meanet/energy";
import { type Provider, providers } from "@meanet/inference";
import { listBundles, loadBundle, openDataset, resolveBundle } from "@meanet/models";
import { createLog, isMeanetError, reasonOf, withoutSecret } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { runId } from "../replay/run-id.ts";
import { type CheckResult, check } from "./check.ts";
import { runProbe } from "./run-probe.ts";

const WANTED_MAJOR = 24;
const REACH_TIMEOUT_MS = 5_000;

export function checkNode(version: string = process.versions.node): Promise<CheckResult> {
  return check("Node", () => {
    if (Number(version.split(".")[0]) >= WANTED_MAJOR) return { state: "works", detail: version };
    return {
      state: "broken",
      detail: `${version} is too old`,
      advice: "run npm ci: it installs Node 24 beside the project",
    };
  });
}

export function checkSqlite(): Promise<CheckResult> {
  return check("SQLite", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(":memory:");
    const row = database.prepare("SELECT sqlite_version() AS version").get();
    database.close();
    return { state: "works", detail: String(row?.version) };
  });
}

export function checkImages(): Promise<CheckResult> {
  return check("image decoder", async () => {
    const { works, detail } = await runProbe("image");
    if (works) return { state: "works", detail };
    return {
      state: "broken",
      detail,
      advice: "run npm ci again on this machine: sharp is installed per platform",
    };
  });
}

/** Each provider runs a frame of the bundle in a process of its own; only the CPU's is needed everywhere. */
export async function checkProviders(bundle: string): Promise<CheckResult[]> {
  const model = join(await resolveBundle(bundle), "main.onnx");
  const results: CheckResult[] = [];
  for (const provider of [...providers].reverse()) results.push(await checkProvider(provider, model));
  return results;
}

function checkProvider(provider: Provider, model: string): Promise<CheckResult> {
  return check(`provider ${provider}`, async () => {
    const { works, detail } = await runProbe("engine", provider, model);
    if (works) return { state: "works", detail };
    return provider === "cpu"
      ? { state: "broken", detail, advice: "run npm ci again on this machine, and see the bundle's check" }
      : { state: "missing", detail, advice: providerAdvice[provider] };
  });
}

const providerAdvice = {
  cuda: "for an NVIDIA GPU: driver, CUDA and cuDNN, then npm rebuild onnxruntime-node --ignore-scripts=false",
  webgpu: "for another GPU: install its Vulkan driver (Debian: mesa-vulkan-drivers)",
} as const;

/** Bundles of the zoo and the one asked for: every file against its sha256. */
export async function checkBundles(bundle: string): Promise<CheckResult[]> {
  const wanted = await resolveBundle(bundle);
  const folders = await listBundles().then(
    (bundles) => bundles.map(({ dir }) => dir),
    () => [],
  );
  return Promise.all(
    [...new Set([wanted, ...folders])].map((dir) =>
      check(`bundle ${dir}`, async () => {
        try {
          const { manifest } = await loadBundle(dir);
          return {
            state: "works",
            detail: `${manifest.name}@${manifest.version}, every file matches its sha256`,
          };
        } catch (error) {
          if (!isMeanetError(error)) throw error;
          const advice = "restore it with git checkout, copy it again, or train it with meanet train";
          return { state: "broken", detail: `${error.code}: ${error.message}`, advice };
        }
      }),
    ),
  );
}

export function checkDataset(from: string | undefined): Promise<CheckResult> {
  return check("full Fashion-MNIST", async () => {
    try {
      const { folder } = await openDataset("fashion-mnist", { from, download: false });
      return { state: "works", detail: folder };
    } catch (error) {
      if (!isMeanetError(error)) throw error;
      const advice =
        "for training and evaluation: apt-get install dataset-fashion-mnist, or let meanet train download it";
      return { state: "missing", detail: error.message, advice };
    }
  });
}

/** What `meanet camera` reads with. */
export function checkCamera(program = "ffmpeg"): Promise<CheckResult> {
  return check("ffmpeg", async () => {
    try {
      await checkFfmpeg(program);
      return { state: "works", detail: "reads cameras and videos" };
    } catch (error) {
      if (!isMeanetError(error, "FFMPEG_MISSING")) throw error;
      const advice = "for meanet camera: apt-get install ffmpeg";
      return { state: "missing", detail: `${program} does not run here`, advice };
    }
  });
}

export function checkPort(port: number): Promise<CheckResult> {
  return check(`port ${port}`, async () => {
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      server.close();
      await once(server, "close");
      return { state: "works", detail: "free" };
    } catch (error) {
      const detail = reasonOf(error);
      return {
        state: "missing",
        detail,
        advice: `meanet up --port 0 takes a free one; meanet up --broker mqtt://127.0.0.1:${port} uses the broker there`,
      };
    }
  });
}

export function checkBroker(url: string, timeoutMs = REACH_TIMEOUT_MS): Promise<CheckResult> {
  return check(`broker ${withoutSecret(url)}`, async () => {
    const session = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url }),
      node: `doctor-${runId()}`,
      site: "default",
      log: createLog("doctor", "silent"),
    });
    try {
      await session.connect(timeoutMs);
      return { state: "works", detail: "accepts connections" };
    } catch (error) {
      const detail = reasonOf(error);
      return {
        state: "broken",
        detail,
        advice: "start it (meanet broker), or correct the URL and the credentials",
      };
    } finally {
      await session.close();
    }
  });
}

/** @param url - `http://host:port/database` */
export function checkInflux(url: string): Promise<CheckResult> {
  return check(`InfluxDB ${withoutSecret(url)}`, async () => {
    const advice =
      "start it (Debian: apt-get install influxdb), or correct the URL: http://host:port/database";
    try {
      const response = await fetch(new URL("/ping", url), { signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
      const version = response.headers.get("x-influxdb-version");
      if (response.status === 204 && version !== null)
        return { state: "works", detail: `version ${version}` };
      return { state: "broken", detail: `answers /ping with ${response.status}: no InfluxDB 1.x`, advice };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { state: "broken", detail: reasonOf(cause), advice };
    }
  });
}

export function checkEnergy(): Promise<CheckResult> {
  return check("measured energy", () => {
    let reason = "";
    const meter = openRapl({ onUnavailable: (why) => (reason = why) });
    if (meter === undefined) {
      return { state: "missing", detail: `no RAPL (${reason}): joules are modelled by the device profile` };
    }
    meter.close();
    return { state: "works", detail: "RAPL: --energy-source rapl measures joules of the processor" };
  });
}
