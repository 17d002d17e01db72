import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDevice, type Device } from "@meanet/device";
import { waitUntil } from "@meanet/recorder/testing";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { Meanet } from "./meanet.ts";

/** The site that every process has when none is given. */
export const SITE = "default";

const log = createLog("test", "silent");

/** Processes, cameras and a folder of one test; whatever it opens, `close` ends. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), "meanet-test-"));
  readonly storeFile = join(this.folder, "recorder", "recorder.sqlite");
  readonly #opened: (() => Promise<unknown>)[] = [];
  #url = "";

  /** Of the broker. */
  get url(): string {
    return this.#url;
  }

  async startBroker(...flags: string[]): Promise<Meanet> {
    const broker = this.#start("broker", "--site", SITE, "--listeners-tcp-port", "0", ...flags);
    this.#url = (await broker.ready()).mqtt ?? "";
    return broker;
  }

  startEdge(node: string, ...flags: string[]): Promise<Meanet> {
    return this.#startNode("edge", "--node", node, "--state", this.folder, ...flags);
  }

  startWorker(node: string, ...flags: string[]): Promise<Meanet> {
    return this.#startNode("worker", "--node", node, ...flags);
  }

  startRecorder(...flags: string[]): Promise<Meanet> {
    return this.#startNode("recorder", "--state", join(this.folder, "recorder"), ...flags);
  }

  startBridge(...flags: string[]): Promise<Meanet> {
    return this.#startNode("bridge", ...flags);
  }

  async startCamera(...flags: string[]): Promise<Meanet> {
    const started = this.#start("camera", "--mqtt-url", this.#url, ...flags);
    await started.ready();
    return started;
  }

  startFlows(...flags: string[]): Promise<Meanet> {
    return this.#startNode("flows", "--state", join(this.folder, "flows"), ...flags);
  }

  /** `meanet up` on this folder, ready; without Node-RED unless `flags` ask for it. */
  async startUp(...flags: string[]): Promise<Meanet> {
    const nodeRed = flags.includes("--flows") ? [] : ["--flows", "false"];
    const up = this.#start("up", "--port", "0", "--state", this.folder, ...nodeRed, ...flags);
    this.#url = (await up.ready()).mqtt ?? "";
    return up;
  }

  async openCamera(device: string): Promise<Device> {
    const mqtt = mqttConfigSchema.parse({ url: this.#url });
    const camera = await connectDevice({ mqtt, site: SITE, device, log });
    this.#opened.push(() => camera.close());
    return camera;
  }

  /** A session that is not connected yet: subscribe first. */
  openSession(node: string): MqttSession {
    const session = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url: this.#url }),
      node,
      site: SITE,
      log,
    });
    this.#opened.push(() => session.close());
    return session;
  }

  /** Ends everything in order, the last opened first: `meanet up` must not leave its children behind. */
  async close(): Promise<void> {
    for (const end of this.#opened.splice(0).reverse()) await end();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #start(...args: string[]): Meanet {
    const started = new Meanet(args);
    this.#opened.push(() => started.stop().catch(() => started.vanish()));
    return started;
  }

  async #startNode(command: string, ...flags: string[]): Promise<Meanet> {
    const started = this.#start(command, "--mqtt-url", this.#url, ...flags);
    const { http } = await started.ready();
    const answer = async () => (await fetch(new URL("/readyz", http))).status;
    await waitUntil(`${command} is ready`, answer, (status) => status === 200);
    return started;
  }
}
