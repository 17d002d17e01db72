import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Mosquitto of its own for a test. */
export interface Mosquitto {
  /** `mqtt://127.0.0.1:4711` */
  readonly url: string;
  readonly port: number;
  /** Ends it and what it kept. */
  stop(): Promise<void>;
}

/**
 * Starts Debian's Mosquitto on a free port.
 *
 * @param settings - more lines of `mosquitto.conf`; anonymous clients are allowed unless these say otherwise
 */
export async function startMosquitto(settings: readonly string[] = []): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "meanet-mosquitto-"));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const lines = [`listener ${port} 127.0.0.1`, "persistence false", ...settings];
  if (!settings.some((line) => line.startsWith("allow_anonymous"))) lines.push("allow_anonymous true");
  writeFileSync(file, `${lines.join("\n")}\n`);

  const child = spawn("mosquitto", ["-c", file, "-v"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
  });
  const exited = once(child, "exit").catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.on("error", (cause) => {
      reject(new Error("this test needs Mosquitto: sudo apt-get install mosquitto", { cause }));
    });
    child.on("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${said.slice(-500)}`)));
    child.stderr.on("data", (text: Buffer) => {
      said = (said + text.toString()).slice(-2_000);
      if (/mosquitto version \S+ running/.test(said)) resolve();
    });
  });
  // A test that fails must not leave it behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async stop() {
      process.off("exit", kill);
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
