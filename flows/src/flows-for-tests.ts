import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@meanet/runtime";
import { type Mosquitto, startMosquitto } from "@meanet/session/testing";
import type { z } from "zod";
import { configSchema } from "./config.ts";
import type { FlowNode } from "./delivery/install-flows.ts";
import { type RunningFlows, start } from "./main.ts";

/** Of a start; only a process that hangs takes so long. */
export const PATIENCE_MS = 300_000;

type Settings = z.input<typeof configSchema>;

/** A broker, and a folder in which each Node-RED has its state. */
export class FlowsForTests {
  readonly broker: Mosquitto;
  readonly folder = mkdtempSync(join(tmpdir(), "meanet-flows-"));

  static async open(): Promise<FlowsForTests> {
    return new FlowsForTests(await startMosquitto());
  }

  private constructor(broker: Mosquitto) {
    this.broker = broker;
  }

  settings(name: string, changes: Partial<Settings> = {}): Settings {
    return {
      ...{ node: name, state: join(this.folder, name), editor: { port: 0 }, restartWait: "1ms" },
      mqtt: { url: this.broker.url, reconnectInterval: "50ms" },
      startTimeout: `${PATIENCE_MS}ms`,
      ...changes,
    };
  }

  start(name: string, changes: Partial<Settings> = {}): Promise<RunningFlows> {
    return start(configSchema.parse(this.settings(name, changes)), { log: createLog("flows", "silent") });
  }

  async close(): Promise<void> {
    await this.broker.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function get(
  url: string,
  options: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url, options);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export const asJson = { headers: { accept: "application/json" } };

export async function getJson<T>(url: string, options: RequestInit = asJson): Promise<T> {
  return JSON.parse((await get(url, options)).text) as T;
}

export async function deploy(editor: string, flows: readonly FlowNode[]): Promise<void> {
  const headers = { "content-type": "application/json", "Node-RED-Deployment-Type": "full" };
  const answer = await get(`${editor}/flows`, { method: "POST", headers, body: JSON.stringify(flows) });
  assert.equal(answer.status, 204, answer.text);
}
