import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, waitUntil } from "@meanet/session/testing";

/** An InfluxDB of its own for a test. */
export interface Influxd {
  /** `http://127.0.0.1:4711` */
  readonly url: string;
  /** Ends it without warning; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and what it kept. */
  stop(): Promise<void>;
}

/** Starts Debian's InfluxDB 1.6 on free ports. @param authentication - it asks for user and password, once there is a user */
export async function startInfluxd({ authentication = false } = {}): Promise<Influxd> {
  const folder = mkdtempSync(join(tmpdir(), "meanet-influxd-"));
  const [http, rpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const file = join(folder, "influxdb.conf");
  writeFileSync(
    file,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:${http}"
auth-enabled = ${authentication}
log-enabled = false
[monitor]
store-enabled = false
`,
  );
  let child = await launch(file, url);
  const killNow = () => void child.kill("SIGKILL");
  // A test that fails must not leave it behind.
  process.once("exit", killNow);
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
  return {
    url,
    kill: () => end("SIGKILL"),
    async restart() {
      child = await launch(file, url);
    },
    async stop() {
      process.off("exit", killNow);
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(file: string, url: string): Promise<ChildProcess> {
  const child = spawn("influxd", ["run", "-config", file], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (cause) => {
      reject(new Error("this test needs InfluxDB 1.x: sudo apt-get install influxdb", { cause }));
    });
    child.once("exit", (code) => reject(new Error(`influxd ended with ${code} before it served`)));
  });
  const serves = async () => (await fetch(`${url}/ping`).catch(() => undefined))?.status ?? 0;
  await Promise.race([failed, waitUntil("influxd answers a ping", serves, (status) => status === 204)]);
  failed.catch(() => undefined);
  return child;
}
