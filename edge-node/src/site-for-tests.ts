import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { CloudAnswer, ComplexItem, Verdict } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { startMosquitto } from "@meanet/session/testing";
import type { z } from "zod";
import { writeTestBundle } from "./bundle-for-tests.ts";
import { configSchema } from "./config.ts";
import { type RunningEdge, start } from "./main.ts";

export const log = createLog("test", "silent");

/** What a test sets of an edge node's configuration; its site has its name unless it says otherwise. */
export type Settings = z.input<typeof configSchema> & { readonly node: string };

/** A folder with the bundles of the tests, for pictures and for windows; `remove` it in the end. */
export async function newFolder(): Promise<{
  path: string;
  bundle: string;
  windows: string;
  remove(): void;
}> {
  const path = mkdtempSync(join(tmpdir(), "meanet-edge-"));
  return {
    path,
    bundle: await writeTestBundle(path),
    windows: await writeTestBundle(path, { kind: "window" }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A broker, and a folder with the bundles of the tests; both go when the tests of the file have ended. */
export async function openTestSite() {
  const broker = await startMosquitto();
  const folder = await newFolder();
  after(async () => {
    await broker.stop();
    folder.remove();
  });
  return { broker, folder };
}

export async function startEdge(
  url: string,
  folder: { readonly path: string; readonly bundle: string },
  settings: Settings,
): Promise<RunningEdge & AsyncDisposable> {
  const config = configSchema.parse({
    site: settings.node,
    state: folder.path,
    models: [folder.bundle],
    statsInterval: "50ms",
    mqtt: { url, reconnectInterval: "50ms" },
    ...settings,
  });
  const edge = await start(config, { log });
  return { ...edge, [Symbol.asyncDispose]: () => edge.stop() };
}

/** One client that plays the devices, the worker and whoever looks on. */
export class Onlooker implements AsyncDisposable {
  readonly session: MqttSession;
  readonly verdicts: Verdict[] = [];
  readonly questions: ComplexItem[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(url: string, site: string) {
    this.session = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url }),
      node: `onlooker-${randomBytes(4).toString("hex")}`,
      site,
      log,
    });
  }

  /** @param answer - what the worker says to a complex frame; silence when it gives nothing */
  static async connect(
    url: string,
    site: string,
    answer?: (item: ComplexItem) => CloudAnswer | undefined,
  ): Promise<Onlooker> {
    const onlooker = new Onlooker(url, site);
    const { session } = onlooker;
    const { topics } = session;
    session.subscribe(topics.verdict, { site }, ({ value }) => {
      onlooker.verdicts.push(value);
      onlooker.#tell();
    });
    session.subscribe(topics.complex, { site }, ({ value, params: { edge, id } }) => {
      onlooker.questions.push(value);
      onlooker.#tell();
      const said = answer?.(value);
      if (said !== undefined) void session.publish(topics.answer, { site, edge, id }, said);
    });
    await session.connect();
    return onlooker;
  }

  /** Publishes a frame; resolves when the broker has it. */
  async send(device: string, payload: Uint8Array, id?: string, qos: 0 | 1 = 1): Promise<void> {
    const { session } = this;
    await session.publish(session.topics.frame, { site: session.site, device, id }, payload, { qos });
  }

  /** Publishes a sensor window; resolves when the broker has it. */
  async sendWindow(device: string, payload: Uint8Array, id: string): Promise<void> {
    const { session } = this;
    await session.publish(session.topics.window, { site: session.site, device, id }, payload);
  }

  /** The final verdicts of a frame, in order of arrival. */
  finals(id: string): Verdict[] {
    return this.verdicts.filter((verdict) => verdict.final && verdict.id === id);
  }

  /** The first final verdict of a frame, now or later. */
  async final(id: string): Promise<Verdict> {
    await this.until(() => this.finals(id).length > 0);
    return this.finals(id)[0]!;
  }

  /** Resolves when `condition` holds; looked at after each message. The test's own time limit ends a wait in vain. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const tell = () => {
          this.#waiting.delete(tell);
          resolve();
        };
        this.#waiting.add(tell);
      });
    }
  }

  /** Lets `until` look again. */
  tell(): void {
    this.#tell();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session.close();
  }

  #tell(): void {
    for (const tell of this.#waiting) tell();
  }
}

/** What a worker says who is sure of class `classIndex`. */
export function answerOf(item: ComplexItem, classIndex: number, changes: object = {}): CloudAnswer {
  return {
    outcome: "answered",
    id: item.id,
    worker: "worker-1",
    attempt: item.attempt,
    classes: [{ classIndex, label: "?", probability: 0.99 }],
    model: item.model,
    queueMs: 0,
    computeMs: 1,
    energyJ: 0.125,
    energySource: "modelled:test",
    ...changes,
  };
}
