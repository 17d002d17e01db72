import type { ComputeMeter } from "@meanet/energy";
import {
  type HttpListener,
  listenHttp,
  MeanetError,
  type Running,
  type StartContext,
  StartedParts,
} from "@meanet/runtime";
import { MqttSession, StatsPublisher } from "@meanet/session";
import packageManifest from "../package.json" with { type: "json" };
import { CloudModel } from "./cloud-model.ts";
import type { Config } from "./config.ts";
import { openMeter } from "./energy.ts";
import { describeAnswer, Intake } from "./intake.ts";
import { pipeline, type WorkOptions } from "./pipeline.ts";
import { decodePort, inferPort } from "./ports.ts";
import type { Settled } from "./stages.ts";
import { Tally } from "./tally.ts";

export interface RunningWorker extends Running {
  /** Health and metrics; undefined when switched off. */
  readonly http: HttpListener | undefined;
}

const CONNECT_WAIT_MS = 10_000;
const nowMs = () => performance.now();

/**
 * Starts a cloud worker. Resolves when it serves; a broker that is not there yet is waited for in the background.
 *
 * Stopping drains: it leaves the share group, answers what it has taken, and then disconnects.
 *
 * @throws {MeanetError} BUNDLE_…, MODEL_…, PROVIDER_UNAVAILABLE, PORT_TAKEN, CONFIG_UNREADABLE
 */
export function start(config: Config, { log, signal }: StartContext): Promise<RunningWorker> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const { node, site } = config;
    const waitsFor = new Set(["model", "broker"]);
    const tally: Tally = new Tally(() => meter?.totalJ ?? 0);
    let meter: Awaited<ReturnType<typeof openMeter>> | undefined;
    const http = config.http.enabled
      ? parts.add(
          "http",
          await listenHttp(config.http, { metrics: tally.registry, notReady: () => [...waitsFor] }),
          (listener) => listener.close(),
        )
      : undefined;

    const models = new Map<string, CloudModel>();
    for (const bundle of config.models) {
      const waits = `model ${bundle}`;
      const model = parts.add(
        waits,
        await CloudModel.open(bundle, config.engine, (event) => {
          log.warn({ bundle, event }, "an engine reports");
          if (event.kind === "fallback") tally.count("engineFallbacks");
          if (event.kind === "crashed") {
            tally.count("engineCrashes");
            waitsFor.add(waits);
          }
          if (event.kind === "restarted") waitsFor.delete(waits);
        }),
        (open) => open.close(),
      );
      if (models.has(model.name)) {
        throw new MeanetError("CONFIG_INVALID", `models: ${model.name} is named twice; expected each once`, {
          model: model.name,
        });
      }
      models.set(model.name, model);
    }
    const providers = [...new Set(Array.from(models.values(), ({ provider }) => provider))];
    const openedMeter = parts.add("energy", await openMeter(config.energy, providers, log), (open) =>
      open.close(),
    );
    meter = openedMeter;
    waitsFor.delete("model");

    const session = parts.add(
      "session",
      new MqttSession({
        mqtt: config.mqtt,
        node,
        site,
        log,
        status: { kind: "worker", version: packageManifest.version, models: [...models.keys()] },
      }),
      (open) => open.close(),
    );
    session.onConnected(() => {
      if (session.ready) waitsFor.delete("broker");
      else waitsFor.add("broker");
    });
    const stats = new StatsPublisher({
      session,
      kind: "worker",
      intervalMs: config.statsInterval,
      stats: () => ({
        counters: { ...tally.counters, invalidMessages: session.invalidMessages },
        drops: tally.failures,
        queues: { ...tally.lengths, publish: session.pending },
      }),
      energy: () => ({ computeJ: openedMeter.totalJ, uplinkJ: 0, source: openedMeter.source }),
      onError: (error) => log.warn({ err: error }, "stats were not published"),
    });
    parts.add("stats", stats, (open) => open.stop());

    const intake = new Intake({
      session,
      group: config.group,
      serves: config.serves,
      now: nowMs,
      onMisaddressed: () => {
        tally.count("misaddressed");
        log.warn("an item names another edge, site or id than its topic; it is left out");
      },
    });
    const drained = new Promise<void>((resolve, reject) => {
      intake.items
        .pipe(
          pipeline({
            copies: { onCopy: () => tally.count("copies") },
            models: new Map(
              Array.from(models, ([name, model]) => [
                name,
                workOptions(model, config.limits, openedMeter, tally),
              ]),
            ),
          }),
        )
        .subscribe({ next: answer, error: reject, complete: resolve });
    });
    drained.catch((error: unknown) => {
      waitsFor.add("pipeline");
      log.fatal({ err: error }, "the pipeline broke: no item is answered any more");
    });
    intake.items.subscribe(() => tally.count("items"));
    parts.add("pipeline", intake, async (open) => {
      waitsFor.add("stopping");
      await open.stop();
      await drained;
    });

    await session.connect(CONNECT_WAIT_MS, signal).catch((error: unknown) => {
      log.warn({ err: error }, "serves as soon as the broker is there");
    });
    log.info(
      { node, site, models: [...models.keys()], providers, energy: openedMeter.source },
      "worker started",
    );
    return { http, stop: () => parts.stop() };

    function answer(settled: Settled): void {
      tally.observe(settled);
      const { site: itemSite, edge, id } = settled.asked.item;
      if (settled.stage === "failed") {
        log.debug({ edge, id, code: settled.code, detail: settled.detail }, "an item was not answered");
      }
      const payload = describeAnswer(settled, {
        worker: node,
        energySource: openedMeter.source,
      });
      session
        .publish(session.topics.answer, { site: itemSite, edge, id }, payload)
        .catch((error: unknown) => {
          tally.count("unpublished");
          log.warn({ err: error, edge, id }, "an answer was not published");
        });
    }
  });
}

function workOptions(
  model: CloudModel,
  limits: Config["limits"],
  meter: ComputeMeter,
  tally: Tally,
): WorkOptions {
  const { working, waiting, waitingBytes, decoding, batch } = limits;
  return {
    admit: {
      working,
      waiting,
      waitingBytes,
      now: nowMs,
      observe: (lengths) => tally.observeLengths(model.name, lengths),
    },
    decode: { limit: decoding, decode: decodePort(model, limits) },
    infer: {
      limit: batch,
      run: inferPort(model, meter, (items, computeMs) => tally.observeBatch(items, computeMs)),
      now: nowMs,
    },
  };
}
