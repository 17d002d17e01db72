import {
  type HttpListener,
  listenHttp,
  type Running,
  type StartContext,
  StartedParts,
} from "@meanet/runtime";
import { MqttSession, StatsPublisher } from "@meanet/session";
import packageManifest from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import type { Convention, ConventionName } from "./convention.ts";
import { age, emptyModel, forget, reduce } from "./device-model.ts";
import { HomeAssistantLink } from "./home-assistant-link.ts";
import { HomieLink } from "./homie-link.ts";
import { SettingWriter } from "./setting-writer.ts";
import { SparkplugLink } from "./sparkplug-link.ts";
import { subscribeAll } from "./subscriptions.ts";
import { Tally } from "./tally.ts";

export interface RunningBridge extends Running {
  /** Health and metrics; undefined when switched off. */
  readonly http: HttpListener | undefined;
}

const CONNECT_WAIT_MS = 10_000;
const now = () => performance.now();

/**
 * Starts a bridge. Resolves when it passes on; a broker that is not there yet is waited for in the background.
 *
 * @throws {MeanetError} PORT_TAKEN, CONFIG_UNREADABLE
 */
export function start(config: Config, { log, signal }: StartContext): Promise<RunningBridge> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const { node, site, limits, silentAfter: silentMs, forgetAfter: forgetMs } = config;
    const { version } = packageManifest;
    const tally = new Tally();
    let model = emptyModel;

    const session = new MqttSession({
      mqtt: config.mqtt,
      node,
      site,
      log,
      status: { kind: "bridge", version, models: [] },
    });
    parts.add("session", session, (open) => open.close());
    const stats = new StatsPublisher({
      session,
      kind: "bridge",
      intervalMs: config.statsInterval,
      stats: () => ({
        counters: { ...tally.counters, invalidMessages: session.invalidMessages },
        drops: tally.drops,
        queues: { known: model.devices.size, publish: session.pending },
      }),
      onError: (error) => log.warn({ err: error }, "stats were not published"),
    });
    parts.add("stats", stats, (open) => open.stop());

    subscribeAll(
      session,
      (message) => {
        tally.count("messages");
        const { dropped } = model;
        model = reduce(model, message, now(), limits);
        tally.drop("beyond-limit", model.dropped - dropped);
      },
      (gone) => {
        model = forget(model, gone);
      },
    );

    const writer = new SettingWriter(session, tally, log);
    const open: Record<ConventionName, () => Convention> = {
      "home-assistant": () =>
        new HomeAssistantLink({
          ...{ session, site, version, silentMs, forgetMs, now, tally },
          prefix: config.homeAssistant.prefix,
          topics: session.topics,
        }),
      homie: () =>
        new HomieLink({
          ...{ site, writer, forgetMs, now, tally },
          prefix: config.homie.prefix,
          session: { mqtt: config.mqtt, node: `${node}-homie`, site, log },
        }),
      sparkplug: () =>
        new SparkplugLink({
          ...{ node, version, writer, tally },
          group: config.sparkplug.group ?? site,
          session: { mqtt: config.mqtt, node: `${node}-sparkplug`, site, log },
        }),
    };
    const conventions = [...new Set(config.conventions)].map((name) =>
      parts.add(name, open[name](), (started) => started.stop()),
    );
    const update = () => {
      model = age(model, now(), { silentMs, forgetMs });
      for (const convention of conventions) convention.update(model);
    };
    parts.add("updates", setInterval(update, config.interval), (timer) => {
      clearInterval(timer);
      update();
    });

    const http = config.http.enabled
      ? parts.add(
          "http",
          await listenHttp(config.http, {
            metrics: tally.registry,
            notReady: () => (session.ready && conventions.every(({ ready }) => ready) ? [] : ["broker"]),
          }),
          (listener) => listener.close(),
        )
      : undefined;

    const connecting = [session, ...conventions].map((one) => one.connect(CONNECT_WAIT_MS, signal));
    for (const outcome of await Promise.allSettled(connecting)) {
      if (outcome.status === "fulfilled") continue;
      log.warn({ err: outcome.reason }, "passes on as soon as the broker is there");
    }
    if (conventions.length === 0) {
      log.warn("no convention is asked for: nothing is passed on; set conventions, such as home-assistant");
    }
    log.info({ node, site, conventions: config.conventions }, "bridge started");
    return { http, stop: () => parts.stop() };
  });
}
