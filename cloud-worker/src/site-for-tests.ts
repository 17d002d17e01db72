import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { TestContext } from "node:test";
import type { CloudAnswer, ComplexItem, NodeEnergy, Stats, Status } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import type { Mosquitto } from "@meanet/session/testing";
import { configSchema, start } from "./index.ts";
import { tiny, tinyFrame } from "./tiny-bundle-for-tests.ts";

const log = createLog("test", "silent");
let names = 0;
const fresh = (kind: string) => `${kind}-${++names}`;

export interface TestSiteOptions {
  readonly broker: Mosquitto;
  /** Folder or name of the bundle that its workers run, unless they say otherwise. */
  readonly bundle: string;
}

/**
 * A site with one edge that asks, and workers that serve this site only, so that the workers of other tests leave its items
 * alone.
 */
export async function openTestSite(context: TestContext, { broker, bundle }: TestSiteOptions) {
  const site = fresh("site");
  const edge = fresh("edge");
  const session = new MqttSession({
    mqtt: mqttConfigSchema.parse({ url: broker.url }),
    node: edge,
    site,
    log,
  });
  context.after(() => session.close());
  const { topics } = session;
  const answers: CloudAnswer[] = [];
  const statuses: Status[] = [];
  const stats: Stats[] = [];
  const energies: NodeEnergy[] = [];
  const arrived = new EventEmitter();
  const keep = <T>(list: T[]) => {
    return ({ value }: { value: T }) => {
      list.push(value);
      arrived.emit("any");
    };
  };
  session.subscribe(topics.answer, { site, edge }, keep(answers));
  session.subscribe(topics.status, { site }, keep(statuses));
  session.subscribe(topics.stats, { site }, keep(stats));
  session.subscribe(topics.energy, { site }, keep(energies));
  await session.connect();

  return {
    site,
    edge,
    session,
    answers,
    statuses,
    stats,
    energies,
    async until(enough: () => boolean): Promise<void> {
      while (!enough()) await once(arrived, "any");
    },
    ask(id: string, item: Partial<ComplexItem> = {}): Promise<boolean> {
      return session.publish(
        topics.complex,
        { site, edge, id },
        {
          id,
          site,
          edge,
          device: "camera",
          attempt: 1,
          remainingMs: 60_000,
          model: tiny.name,
          edgeAnswer: { classIndex: 0, confidence: 0.5, entropy: 1 },
          format: "raw",
          frame: tinyFrame(0),
          ...item,
        },
      );
    },
    answerTo(id: string): CloudAnswer {
      const found = answers.filter((answer) => answer.id === id);
      assert.equal(found.length, 1, `answers to ${id}`);
      return found[0]!;
    },
    async worker(settings: object = {}) {
      const node = fresh("worker");
      const running = await start(
        configSchema.parse({
          node,
          site,
          serves: site,
          group: `workers-${site}`,
          models: [bundle],
          engine: { providers: ["cpu"] },
          mqtt: { url: broker.url },
          ...settings,
        }),
        { log },
      );
      context.after(() => running.stop());
      return { ...running, node };
    },
  };
}
