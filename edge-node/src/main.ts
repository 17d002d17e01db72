import { join } from "node:path";
import { readManifest, resolveBundle } from "@meanet/models";
import type { Verdict } from "@meanet/protocol";
import {
  exposeDisk,
  type HttpListener,
  type Logger,
  listenHttp,
  type Running,
  type StartContext,
  StartedParts,
} from "@meanet/runtime";
import { MqttSession, StatsPublisher } from "@meanet/session";
import packageManifest from "../package.json" with { type: "json" };
import { CloudPort } from "./cloud-port.ts";
import type { Config } from "./config.ts";
import { DecodingWatch } from "./decoding-watch.ts";
import { deliver } from "./deliver.ts";
import { type Energy, openEnergy } from "./energy.ts";
import { type Clock, Intake } from "./intake.ts";
import { Journal } from "./journal/journal.ts";
import { JournalReplay } from "./journal/journal-replay.ts";
import { Learning } from "./learning/learning.ts";
import { exposeLearning, learningCounters } from "./learning/learning-metrics.ts";
import { ModelSlots } from "./model/model-slots.ts";
import { ServedModel } from "./model/served-model.ts";
import { type Outcome, pipeline } from "./pipeline.ts";
import { pipelineOptions } from "./pipeline-options.ts";
import { Settings } from "./settings/settings.ts";
import { readWishes, writeWishes } from "./settings/settings-file.ts";
import { SettingsTopic } from "./settings/settings-topic.ts";
import { Tally } from "./tally.ts";
import { makeThumbnail } from "./thumbnails/make.ts";
import { Thumbnails } from "./thumbnails/thumbnails.ts";

export interface RunningEdge extends Running {
  /** Health and metrics; undefined when switched off. */
  readonly http: HttpListener | undefined;
}

const CONNECT_WAIT_MS = 10_000;
const TRIM_INTERVAL_MS = 60_000;
const clock: Clock = { nowEpochMs: () => Date.now(), nowMs: () => performance.now() };

/**
 * Starts an edge node. Resolves when it serves; it goes on trying a broker that cannot be reached yet.
 *
 * Stopping drains: it takes no more frames, finishes those it has taken, and then disconnects.
 *
 * @throws {MeanetError} BUNDLE_…, MODEL_…, JOURNAL_UNUSABLE, PORT_TAKEN
 */
export function start(config: Config, { log, signal }: StartContext): Promise<RunningEdge> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const { site, node } = config;
    const energy = openEnergy(config.energy, log);
    const tally = new Tally(() => energy.meter.totalJ);
    const waitsFor = new Set(["model", "broker"]);
    const notReady = () => [...waitsFor];
    const http = config.http.enabled
      ? parts.add("http", await listenHttp(config.http, { metrics: tally.registry, notReady }), (listener) =>
          listener.close(),
        )
      : undefined;

    const journal = parts.add("journal", openJournal(config), (open) => open.close());
    const folder = join(config.state, config.node);
    exposeDisk(tally.registry, { prefix: "meanet_edge", folder, holds: "journal" });
    const watch = parts.add("decoding watch", openWatch(config, log), (open) => open.stop());
    const models = parts.add("model", modelSlots(config, tally, log), (slots) => slots.close());
    const learning = parts.add(
      "learning",
      new Learning({
        config: config.learning,
        folder,
        node,
        models,
        meter: energy.meter,
        now: clock.nowEpochMs,
        log,
      }),
      (open) => open.close(),
    );
    exposeLearning(tally.registry, learning);
    const settings = await beginSettings(config, models, learning, log);
    waitsFor.delete("model");

    const session = parts.add("session", openSession(config, models.names, log), (open) => open.close());
    session.onConnected(() => {
      if (session.ready) waitsFor.delete("broker");
      else waitsFor.add("broker");
    });
    const settingsTopic = new SettingsTopic({ session, settings, models: () => models.names, log });
    learning.listen({
      publish: (training) => {
        session.publish(session.topics.training, { site, node }, training).catch((error: unknown) => {
          log.warn({ err: error, event: training.event }, "a step of learning was not published");
        });
      },
      onChange: () => settingsTopic.learningChanged(),
    });
    session.subscribe(session.topics.label, { site }, ({ params: { device, id }, value }) => {
      learning.label(device, id, value.label);
    });
    const publish = (verdict: Verdict) =>
      session.publish(session.topics.verdict, { site, device: verdict.device }, verdict);
    parts.add("replay", startReplay(session, journal, publish, tally, log), (replay) => replay.stop());
    const cloud = parts.add(
      "cloud",
      new CloudPort({
        mqtt: config.mqtt,
        site,
        edge: node,
        log,
        onPublished: (bytes) => tally.asked(bytes, energy.uplinkJ(bytes)),
      }),
      (open) => open.close(),
    );
    const stats = startStats(config, { session, journal, models, learning, energy, tally, log });
    parts.add("stats", stats, (open) => open.stop());
    const thumbnails = openThumbnails(config, { session, energy, tally, log });
    parts.add("thumbnails", thumbnails, (open) => open.close());
    parts.add("journal retention", trimNowAndThen(journal, log), (timer) => clearInterval(timer));

    const intake = new Intake(session, clock, {
      onFrame: () => tally.count("frames"),
      onDrop: () => tally.drop("stopping"),
    });
    const options = pipelineOptions(config, {
      journal,
      models,
      settings,
      energy,
      cloud,
      watch,
      observe: (kind, lengths) => {
        tally.observeLengths(kind, lengths);
        const { waiting, working, cloud: asked } = tally.lengths;
        learning.setLoad(waiting + working - asked);
      },
      answered: (item) => {
        learning.observe(item);
        thumbnails.observe(item);
      },
      nowMs: clock.nowMs,
    });
    const drained = new Promise<void>((resolve, reject) => {
      intake.frames.pipe(pipeline(options)).subscribe({ next: conclude, error: reject, complete: resolve });
    });
    drained.catch((error: unknown) => {
      waitsFor.add("pipeline");
      log.fatal({ err: error }, "the pipeline broke: no frame is answered any more; restart the node");
    });
    parts.add("pipeline", intake, async () => {
      await intake.stop(config.onStop === "leave");
      await drained;
    });

    const connecting = [session, cloud].map((open) => open.connect(CONNECT_WAIT_MS, signal));
    await Promise.all(connecting).catch((error: unknown) => {
      log.warn({ err: error }, "serves as soon as the broker is there");
    });
    log.info({ node, site, models: models.names, energy: energy.meter.source }, "edge node started");
    return { http, stop: () => parts.stop() };

    function conclude(outcome: Outcome): void {
      tally.observe(outcome);
      if (outcome.stage === "recorded") {
        waitsFor.delete("journal");
        const { verdict } = outcome;
        // How long the cloud takes says nothing about what a training costs the frames beside it.
        if (verdict.outcome === "answered" && verdict.cloud === "none") learning.answered(verdict.latencyMs);
      }
      deliver(outcome, {
        publish: (verdict) => {
          publish(verdict).catch((error: unknown) => {
            tally.count("unpublished");
            log.warn({ err: error, seq: verdict.seq }, "a verdict is in the journal only");
          });
        },
        onUnrecorded: (error) => {
          waitsFor.add("journal");
          log.error({ err: error }, "the journal failed; its frames are answered when it works again");
        },
      });
    }
  });
}

/** Each node has a folder of its own within the state folder, which nodes of one machine may share. */
function fileOf({ state, node }: Config, name: string): string {
  return join(state, node, name);
}

function openJournal(config: Config): Journal {
  const { maxRows, maxAge, durable } = config.journal;
  return new Journal({
    file: fileOf(config, "journal.sqlite"),
    now: clock.nowEpochMs,
    maxRows,
    maxAgeMs: maxAge,
    durable,
  });
}

function openWatch(config: Config, log: Logger): DecodingWatch {
  return new DecodingWatch({
    file: fileOf(config, "decoding.json"),
    nowMs: clock.nowMs,
    onError: (error) => log.warn({ err: error }, "a picture that ends this process would not be found"),
  });
}

function trimNowAndThen(journal: Journal, log: Logger): NodeJS.Timeout {
  return setInterval(() => {
    try {
      journal.trim();
    } catch (error) {
      log.error({ err: error }, "the journal was not trimmed");
    }
  }, TRIM_INTERVAL_MS);
}

function modelSlots(config: Config, tally: Tally, log: Logger): ModelSlots {
  return new ModelSlots((name) =>
    ServedModel.open(name, config.engine, (event) => {
      if (event.kind === "crashed") tally.count("engineCrashes");
      if (event.kind === "fallback") tally.count("engineFallbacks");
      log.warn(event, "an engine fell back, crashed or restarted");
    }),
  );
}

async function beginSettings(
  config: Config,
  models: ModelSlots,
  learning: Learning,
  log: Logger,
): Promise<Settings> {
  const file = fileOf(config, "settings.json");
  const settings = new Settings({
    defaults: {
      thresholds: { image: config.threshold, window: config.thresholdWindow },
      policy: config.policy,
      deadlineMs: config.deadline,
      models: config.models,
    },
    kindOf: async (name) => (await readManifest(await resolveBundle(name))).input.kind,
    loadModel: (name) => learning.load(name),
    learning,
    bundle: (kind) => {
      const model = models.current(kind);
      return model && { name: model.name, threshold: model.manifest.threshold };
    },
    save: (wishes) => writeWishes(file, wishes),
    now: clock.nowEpochMs,
  });
  const wishes = readWishes(file, (error) => {
    log.warn({ file, err: error }, "settings of before are unreadable and left out");
  });
  await settings.begin(wishes);
  return settings;
}

function openSession(config: Config, models: readonly string[], log: Logger): MqttSession {
  return new MqttSession({
    mqtt: config.mqtt,
    node: config.node,
    site: config.site,
    log,
    // The broker redelivers what was unacknowledged when the node went away.
    clean: false,
    status: { kind: "edge", version: packageManifest.version, models },
  });
}

function startReplay(
  session: MqttSession,
  journal: Journal,
  publish: (verdict: Verdict) => Promise<unknown>,
  tally: Tally,
  log: Logger,
): JournalReplay {
  const replay = new JournalReplay({
    journal,
    publish: async (verdict) => {
      await publish(verdict);
      tally.count("replayed");
    },
    pageRows: 100,
    maxWaiting: 8,
    onError: (error) => log.warn({ err: error }, "a replay was given up; the recorder asks again"),
  });
  const { topics, site, node } = session;
  session.subscribe(topics.replay, { site, edge: node }, ({ value, retained }) => {
    // Retained, it would be carried out again with every connection.
    if (retained) return log.warn(value, "a retained replay is not taken on: clear it");
    if (!replay.request(value)) log.info({ ...value, own: journal.name }, "a replay was not taken on");
  });
  return replay;
}

interface StatsSources {
  readonly session: MqttSession;
  readonly journal: Journal;
  readonly models: ModelSlots;
  readonly learning: Learning;
  readonly energy: Energy;
  readonly tally: Tally;
  readonly log: Logger;
}

function startStats(config: Config, sources: StatsSources): StatsPublisher {
  const { session, journal, models, learning, energy, tally, log } = sources;
  return new StatsPublisher({
    session,
    kind: "edge",
    intervalMs: config.statsInterval,
    stats: () => ({
      counters: {
        ...tally.counters,
        ...learningCounters(learning),
        invalidMessages: session.invalidMessages,
      },
      drops: tally.drops,
      queues: { ...tally.lengths, publish: session.pending },
      exits: tally.exits,
      models: tally.answersOf(models.names),
      journal: { journal: journal.name, lastSeq: journal.lastSeq },
    }),
    energy: () => ({
      computeJ: energy.meter.totalJ,
      uplinkJ: tally.uplinkJ,
      thumbnailJ: tally.thumbnailJ,
      source: energy.meter.source,
    }),
    onError: (error) => log.warn({ err: error }, "stats were not published"),
  });
}

function openThumbnails(
  config: Config,
  { session, energy, tally, log }: Pick<StatsSources, "session" | "energy" | "tally" | "log">,
): Thumbnails {
  const { topics, site } = session;
  return new Thumbnails({
    config: config.thumbnails,
    make: (item) => makeThumbnail(item, config),
    publish: (device, id, thumbnail) => session.publish(topics.thumbnail, { site, device, id }, thumbnail),
    onPublished: (bytes) => tally.pictured(bytes, energy.uplinkJ(bytes)),
    onLeftOut(reason, error) {
      tally.count("thumbnailsLeftOut");
      log.debug({ reason, err: error }, "a frame got no thumbnail");
    },
    nowMs: clock.nowMs,
  });
}
