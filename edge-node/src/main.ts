import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Setting, settings as settingNames, type Verdict } from "@meanet/protocol";
import { type HttpListener, type Logger, listenHttp, type Running, StartedParts } from "@meanet/runtime";
import { MqttSession } from "@meanet/session";
import { asapScheduler, asyncScheduler } from "rxjs";
import packageManifest from "../package.json" with { type: "json" };
import { CloudPort } from "./cloud-port.ts";
import type { Config } from "./config.ts";
import { deliver } from "./deliver.ts";
import { openEnergy } from "./energy.ts";
import { type Clock, Intake } from "./intake.ts";
import { Journal } from "./journal.ts";
import { JournalReplay } from "./journal-replay.ts";
import { ModelSlots } from "./model-slots.ts";
import { type PipelineOptions, pipeline } from "./pipeline.ts";
import { chooseRoute, seededRandom } from "./policy.ts";
import { decodePort, extensionPort, mainPort, refuseFrame } from "./ports.ts";
import { ServedModel } from "./served-model.ts";
import { Settings } from "./settings.ts";
import { readWishes, writeWishes } from "./settings-file.ts";
import { StatsPublisher } from "./stats.ts";
import { Tally } from "./tally.ts";

export interface RunningEdge extends Running {
  /** Health and metrics; undefined when switched off. */
  readonly http: HttpListener | undefined;
}

const CONNECT_WAIT_MS = 10_000;
const TRIM_INTERVAL_MS = 60_000;
const REPLAY = { pageRows: 100, maxWaiting: 8 };
const JOURNAL_BATCH = 256;
const clock: Clock = { nowEpochMs: () => Date.now(), nowMs: () => performance.now() };

/**
 * Starts an edge node. Resolves when it serves; a broker that is not there yet is waited for in the background.
 *
 * @throws {MeanetError} BUNDLE_…, MODEL_…, JOURNAL_UNUSABLE, PORT_TAKEN, CONFIG_INVALID
 */
export function start(config: Config, { log }: { readonly log: Logger }): Promise<RunningEdge> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const folder = join(config.state, config.node);
    const energy = openEnergy(config.energy, log);
    const tally = new Tally(() => energy.meter.totalJ);
    const waitsFor = new Set(["model", "broker"]);
    const http = config.http.enabled
      ? parts.add(
          "http",
          await listenHttp(config.http, { metrics: tally.registry, notReady: () => [...waitsFor] }),
          (listener) => listener.close(),
        )
      : undefined;

    const journal = parts.add(
      "journal",
      new Journal({ ...journalOptions(config, folder), now: clock.nowEpochMs }),
      (open) => open.close(),
    );
    const models = parts.add(
      "model",
      new ModelSlots((name) =>
        ServedModel.open(name, config.engine, (event) => {
          tally.count("engineEvents");
          log.warn(event, "an engine fell back, crashed or restarted");
        }),
      ),
      (slots) => slots.close(),
    );
    const settingsFile = join(folder, "settings.json");
    const settings = new Settings({
      defaults: {
        threshold: config.threshold,
        policy: config.policy,
        deadlineMs: config.deadline,
        model: config.model,
      },
      loadModel: (name) => models.replace(name),
      bundle: () => ({ name: models.current.name, threshold: models.current.manifest.threshold }),
      save: (wishes) => writeWishes(settingsFile, wishes),
      now: clock.nowEpochMs,
    });
    await settings.begin(
      readWishes(settingsFile, (error) => {
        log.warn({ file: settingsFile, err: error }, "settings of before are unreadable and left out");
      }),
    );
    waitsFor.delete("model");

    const session = parts.add("session", openSession(config, models.current.name, log), (open) =>
      open.close(),
    );
    const publish = (verdict: Verdict) =>
      session.publish(session.topics.verdict, { site: config.site, device: verdict.device }, verdict);
    session.onConnected((connected) => {
      if (session.ready) waitsFor.delete("broker");
      else waitsFor.add("broker");
      if (connected) for (const setting of settingNames) publishState(setting);
    });

    const replay = parts.add(
      "replay",
      new JournalReplay({
        ...REPLAY,
        journal,
        publish: async (verdict) => {
          await publish(verdict);
          tally.count("replayed");
        },
        onError: (error) => log.warn({ err: error }, "a replay was given up; the recorder asks again"),
      }),
      (open) => open.stop(),
    );
    const { topics, site, node } = session;
    session.subscribe(topics.replay, { site, edge: node }, ({ value }) => {
      if (!replay.request(value)) log.info({ ...value, own: journal.name }, "a replay was not taken on");
    });
    session.subscribe(topics.set, { site, edge: node }, ({ params: { setting }, value }) => {
      void change(setting, value);
    });

    const cloud = parts.add(
      "cloud",
      new CloudPort({
        mqtt: config.mqtt,
        site,
        edge: node,
        log,
        onPublished: (bytes) => tally.asked(energy.uplinkJ(bytes)),
      }),
      (open) => open.close(),
    );
    const intake = new Intake(session, clock, {
      onFrame: () => tally.count("frames"),
      onDrop: () => tally.drop("stopping"),
    });
    const random = seededRandom(config.policySeed);
    const { limits } = config;
    const options: PipelineOptions = {
      once: { find: (device, id) => journal.find(device, id) },
      admit: {
        working: limits.working,
        waiting: limits.waiting,
        observe: (lengths) => Object.assign(tally.lengths, lengths),
      },
      decode: {
        limit: limits.decoding,
        decode: decodePort(limits, () => models.current, clock.nowMs),
        refuse: refuseFrame,
      },
      classify: { limit: limits.batch, run: mainPort(energy.meter), now: clock.nowMs },
      route: ({ model, p1, entropy }) =>
        chooseRoute(
          settings.policy,
          { entropy, hard: model.callsHard(p1) },
          { threshold: settings.threshold, random },
        ),
      offload: {
        limit: limits.cloud,
        silenceMs: config.silence,
        deadlineMs: () => settings.deadlineMs,
        online: () => cloud.online,
        publish: (question) => cloud.publish(question),
        answers: cloud.answers,
        newTicket: randomUUID,
        provisional: config.provisional,
        now: clock.nowMs,
        scheduler: asyncScheduler,
        observe: (inFlight) => {
          tally.lengths.cloud = inFlight;
        },
      },
      extend: { limit: limits.batch, run: extensionPort(energy.meter), now: clock.nowMs },
      conclude: {
        site,
        edge: node,
        now: clock.nowMs,
        uplinkJ: energy.uplinkJ,
        energySource: energy.meter.source,
      },
      record: { limit: JOURNAL_BATCH, append: (drafts) => journal.append(drafts), gather: asapScheduler },
    };
    const drained = new Promise<void>((resolve, reject) => {
      intake.frames.pipe(pipeline(options)).subscribe({
        next(outcome) {
          tally.observe(outcome);
          if (outcome.stage === "recorded") waitsFor.delete("journal");
          deliver(outcome, {
            publish: (verdict) => {
              publish(verdict).catch((error: unknown) => {
                tally.count("unpublished");
                log.warn({ err: error, seq: verdict.seq }, "a verdict is in the journal only");
              });
            },
            onUnrecorded: (error) => {
              waitsFor.add("journal");
              log.error({ err: error }, "a verdict was not recorded; its frame comes again");
            },
          });
        },
        error: reject,
        complete: resolve,
      });
    });
    drained.catch((error: unknown) =>
      log.fatal({ err: error }, "the pipeline broke: no frame is answered any more"),
    );

    const stats = new StatsPublisher({
      session,
      journal,
      tally,
      meter: energy.meter,
      intervalMs: config.statsInterval,
      now: clock.nowEpochMs,
      onError: (error) => log.warn({ err: error }, "stats were not published"),
    });
    parts.add("stats", stats, (open) => open.stop());
    parts.add(
      "journal retention",
      setInterval(() => trim(), TRIM_INTERVAL_MS),
      (timer) => clearInterval(timer),
    );
    parts.add("pipeline", intake, async () => {
      await intake.stop(config.onStop === "leave");
      await drained;
    });

    await Promise.all([session.connect(CONNECT_WAIT_MS), cloud.connect(CONNECT_WAIT_MS)]).catch(
      (error: unknown) => {
        log.warn({ err: error }, "serves as soon as the broker is there");
      },
    );
    log.info({ node, site, model: models.current.name, energy: energy.meter.source }, "edge node started");
    return { http, stop: () => parts.stop() };

    function publishState(setting: Setting): void {
      session
        .publish(topics.state, { site, edge: node, setting }, settings.state(setting))
        .catch((error: unknown) =>
          log.warn({ err: error, setting }, "the state of a setting was not published"),
        );
    }

    async function change(name: string, value: unknown): Promise<void> {
      const setting = settingNames.find((known) => known === name);
      if (setting === undefined) {
        log.warn({ setting: name }, `unknown setting; known are ${settingNames.join(", ")}`);
        return;
      }
      try {
        const applied = await settings.set(setting, value);
        const { value: inForce, error } = settings.state(setting);
        if (applied) log.info({ setting, value: inForce }, "setting changed");
        else log.warn({ setting, error }, "setting refused");
        if (setting === "model") {
          session.setModel(models.current.name);
          publishState("threshold");
        }
      } catch (error) {
        log.error({ err: error, setting }, "setting changed for now, but was not saved");
      }
      publishState(setting);
    }

    function trim(): void {
      try {
        journal.trim();
      } catch (error) {
        log.error({ err: error }, "the journal was not trimmed");
      }
    }
  });
}

function journalOptions({ journal }: Config, folder: string) {
  return {
    file: join(folder, "journal.sqlite"),
    maxRows: journal.maxRows,
    maxAgeMs: journal.maxAge,
    durable: journal.durable,
  };
}

function openSession(config: Config, model: string, log: Logger): MqttSession {
  return new MqttSession({
    mqtt: config.mqtt,
    node: config.node,
    site: config.site,
    log,
    // Frames that are not acknowledged when the node goes away come again when it is back.
    clean: false,
    status: { kind: "edge", version: packageManifest.version, model },
  });
}
