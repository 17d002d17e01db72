import { join } from "node:path";
import {
  type HttpListener,
  listenHttp,
  type Running,
  type StartContext,
  StartedParts,
  within,
} from "@meanet/runtime";
import { MqttSession, StatsPublisher, type Subscribed } from "@meanet/session";
import packageManifest from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import { GapRepair } from "./gap-repair.ts";
import { exposeStorage, NodeStates } from "./health-metrics.ts";
import { answerErrors } from "./http/errors.ts";
import { guardOrigins, Origins } from "./http/origins.ts";
import { addRoutes } from "./http/routes.ts";
import { describeStoreState } from "./http/store-state.ts";
import { Forwarder } from "./influx/forwarder.ts";
import { connectTarget } from "./influx/target.ts";
import { Intake } from "./intake.ts";
import { QueryThread } from "./queries/query-thread.ts";
import { RetentionTask } from "./store/retention-task.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";
import { subscribeAll } from "./subscriptions.ts";
import { Tally } from "./tally.ts";
import { Album } from "./thumbnails/album.ts";
import { addThumbnailRoutes } from "./thumbnails/routes.ts";
import { ThumbnailIntake } from "./thumbnails/thumbnail-intake.ts";

export interface RunningRecorder extends Running {
  /** Health, metrics, `/queries`, `/query/{name}`, `/frame/{id}`, `/trainings`, `/whatif`, `/store` and pictures; undefined when switched off. */
  readonly http: HttpListener | undefined;
  /** What `runQuery` reads. */
  readonly databaseFile: string;
}

const CONNECT_WAIT_MS = 10_000;
/** How long to wait for the broker to confirm; then the recorder leaves without it. */
const UNSUBSCRIBE_WAIT_MS = 2_000;
/** How long the forwarder may take to send the last rows on a stop. */
const FORWARD_WAIT_MS = 3_000;

/**
 * Starts a recorder. Resolves when it records; it goes on trying a broker that cannot be reached yet.
 *
 * Stopping drains: it unsubscribes (unless the session is persistent), stores what waits, lets the forwarder try once more, and closes the database.
 *
 * @throws {MeanetError} STORE_UNUSABLE, PORT_TAKEN, CONFIG_UNREADABLE
 */
export function start(config: Config, { log, signal }: StartContext): Promise<RunningRecorder> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const { node, site, influx } = config;
    const tally = new Tally();
    const waitsFor = new Set(["broker"]);
    const databaseFile = join(config.state, "recorder.sqlite");
    const store = parts.add("store", openSqliteStore(databaseFile), (open) => open.close());

    const album = config.thumbnails.enabled
      ? parts.add(
          "album",
          new Album(join(config.state, "thumbnails.sqlite"), databaseFile, config.thumbnails, (reason) =>
            log.error({ reason }, "the thumbnails' file is damaged: begins with an empty one"),
          ),
          (open) => open.close(),
        )
      : undefined;
    const thumbnails =
      album &&
      parts.add(
        "thumbnails",
        new ThumbnailIntake({
          album,
          maxBytes: config.thumbnails.maxBytes,
          checkIntervalMs: config.retention.checkInterval,
          onKept({ kept, expired }) {
            tally.count("thumbnails", kept);
            tally.count("thumbnailsExpired", expired);
          },
          onLeftOut: (reason, count) => tally.drop(reason, count),
          log,
        }),
        (open) => open.stop(),
      );

    const { server, late } = influx === undefined ? {} : connectTarget(influx);
    const forwarder =
      influx &&
      server &&
      parts.add("forwarder", new Forwarder({ store, server, late, config: influx, log }), (open) =>
        open.stop(FORWARD_WAIT_MS),
      );
    forwarder?.wake();

    const retention = new RetentionTask({
      store,
      ageMs: config.retention.age,
      rollupAgeMs: { "1m": config.retention.minutes, "1h": config.retention.hours },
      maxBytes: config.retention.sizeMb * 1e6,
      intervalMs: config.retention.checkInterval,
      forwarder: server?.name,
      onPruned: ({ rows, unforwarded }) => {
        tally.count("expired", rows);
        tally.drop("expired-unforwarded", unforwarded);
      },
      log,
    });
    parts.add("retention", retention, (open) => open.stop());

    const intake: Intake = new Intake({
      store,
      ...config.intake,
      log,
      onWritten: (written) => {
        tally.written(written);
        repair.notice(written.journals);
        forwarder?.wake();
      },
    });
    parts.add("intake", intake, (open) => open.flush());
    exposeStorage(tally.registry, {
      store,
      databaseFile,
      maxBytes: config.retention.sizeMb * 1e6,
      waitedMs: () => intake.waitedMs,
    });

    const session = new MqttSession({
      mqtt: config.mqtt,
      node,
      site,
      log,
      clean: !config.persistentSession,
      status: { kind: "recorder", version: packageManifest.version, models: [] },
    });
    // Keeps what is published only once waiting at the broker while the recorder is away, and nothing else.
    const onceSession = new MqttSession({ mqtt: config.mqtt, node: `${node}-once`, site, log, clean: false });
    const away = new Set<string>();
    const nodeStates = new NodeStates();
    nodeStates.expose(tally.registry);
    const repair = new GapRepair({
      waitMs: config.gaps.wait,
      maxWaitMs: config.gaps.maxWait,
      attempts: config.gaps.attempts,
      rangeSize: config.gaps.rangeSize,
      settle: () => intake.settle(),
      journal: (name) => store.journal(name),
      ask: ({ site: of, edge, journal }, range) => {
        if (!session.connected || away.has(`${of}/${edge}`)) return false;
        session
          .publish(session.topics.replay, { site: of, edge }, { journal, ...range })
          .catch((error: unknown) => {
            log.warn({ err: error, edge, journal }, "a request for missing verdicts was not published");
          });
        return true;
      },
      giveUp(name, range) {
        const lost = store.giveUp(name, range);
        tally.drop("gap-lost", lost);
        return lost;
      },
      log,
    });
    parts.add("gap repair", repair, (open) => open.stop());
    repair.notice(store.journals());

    const sessions = [session, onceSession];
    for (const one of sessions) {
      parts.add("session", one, (open) => open.close());
      one.onConnected(() => {
        if (sessions.every(({ ready }) => ready)) waitsFor.delete("broker");
        else waitsFor.add("broker");
      });
    }
    tally.readFrom({
      counters: () => ({ replayRequests: repair.requests, influxPoints: forwarder?.state.sent ?? 0 }),
      drops: () => ({
        "intake-full": intake.dropped,
        "row-refused": intake.refused,
        invalid: session.invalidMessages + onceSession.invalidMessages,
        "influx-refused": forwarder?.state.dropped ?? 0,
      }),
      queues: () => ({
        intake: intake.waiting,
        gaps: repair.repairing,
        influx: forwarder?.state.backlog ?? 0,
      }),
    });
    const stats = new StatsPublisher({
      session,
      kind: "recorder",
      intervalMs: config.statsInterval,
      stats: () => ({ counters: tally.counters, drops: tally.drops, queues: tally.queues }),
      onError: (error) => log.warn({ err: error }, "stats were not published"),
    });
    parts.add("stats", stats, (open) => open.stop());

    const subscribed = subscribeAll({
      session,
      onceSession,
      site: config.record === "own-site" ? site : undefined,
      offer: (observation, acknowledge) => intake.offer(observation, acknowledge),
      onStatus(of, name, status) {
        nodeStates.observe(of, name, status);
        if (status.state === "online") away.delete(`${of}/${name}`);
        else if (away.size < MAX_AWAY) away.add(`${of}/${name}`);
      },
      onForgotten(of, name) {
        nodeStates.forget(of, name);
        // Asked again like any node, so that what is gone for good is given up, and not waited for.
        away.delete(`${of}/${name}`);
      },
      onThumbnail: thumbnails && ((name, bytes) => thumbnails.offer(name, bytes)),
      onMisaddressed: () => tally.drop("misaddressed"),
      log,
    });
    parts.add("subscriptions", subscribed, async (open) => {
      // With a persistent session messages wait at the broker for the next start.
      if (!config.persistentSession) await within(UNSUBSCRIBE_WAIT_MS, () => unsubscribeAll(open));
      // Now, while the session can still acknowledge.
      intake.flush();
    });

    const queryThread = parts.add(
      "queries",
      new QueryThread(databaseFile, () => tally.count("queries")),
      (open) => open.close(),
    );
    const http = config.http.enabled
      ? parts.add(
          "http",
          await listenHttp(config.http, {
            metrics: tally.registry,
            notReady: () => [...waitsFor, ...(intake.error === undefined ? [] : ["store"])],
            routes(listener) {
              const origins = new Origins(config.http.allowOrigins, config.http.host);
              answerErrors(listener);
              guardOrigins(listener, origins);
              addThumbnailRoutes(listener, { album, site, origins, now: Date.now });
              addRoutes(listener, {
                queryThread,
                store: () => describeStoreState({ store, intake, forwarder, influx: server?.name }),
              });
            },
          }),
          (listener) => listener.close(),
        )
      : undefined;

    const connecting = sessions.map((one) => one.connect(CONNECT_WAIT_MS, signal));
    await Promise.all(connecting).catch((error: unknown) => {
      log.warn({ err: error }, "records as soon as the broker is there");
    });
    log.info(
      { node, site, record: config.record, database: databaseFile, influx: server?.name },
      "recorder started",
    );
    return { http, databaseFile, stop: () => parts.stop() };
  });
}

/** Most offline nodes remembered; one that is not is asked in vain, and the attempts count. */
const MAX_AWAY = 10_000;

async function unsubscribeAll(subscribed: readonly Subscribed[]): Promise<void> {
  await Promise.all(subscribed.map((one) => one.unsubscribe()));
}
