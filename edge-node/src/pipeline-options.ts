import { randomUUID } from "node:crypto";
import { asapScheduler, asyncScheduler } from "rxjs";
import type { CloudPort } from "./cloud-port.ts";
import type { Config } from "./config.ts";
import type { DecodingWatch } from "./decoding-watch.ts";
import type { Energy } from "./energy.ts";
import type { Journal } from "./journal/journal.ts";
import type { ModelSlots } from "./model/model-slots.ts";
import type { PipelineOptions } from "./pipeline.ts";
import { chooseRoute, seededRandom } from "./policy.ts";
import { decodePort, extensionPort, mainPort, refuseFrame } from "./ports.ts";
import type { Settings } from "./settings/settings.ts";

export interface Effects {
  readonly journal: Journal;
  readonly models: ModelSlots;
  readonly settings: Settings;
  readonly energy: Energy;
  readonly cloud: CloudPort;
  readonly watch: DecodingWatch;
  /** Called with what waits or works, at every change. */
  readonly observe: PipelineOptions["observe"];
  /** Called with every frame that was answered. */
  readonly answered: NonNullable<PipelineOptions["answered"]>;
  readonly nowMs: () => number;
}

/** Most rows of one transaction. */
const JOURNAL_BATCH = 256;
const JOURNAL_RETRY_MS = 1_000;
/** Verdicts of about 1 KiB, frames without their payloads. */
const JOURNAL_WAITING = 16_384;

/** Puts the effects of a running node behind the functions that the pipeline asks for. */
export function pipelineOptions(config: Config, effects: Effects): PipelineOptions {
  const { journal, models, settings, energy, cloud, watch, observe, answered, nowMs: now } = effects;
  const { limits } = config;
  const random = seededRandom(config.policySeed);
  return {
    once: { find: (device, id) => journal.find(device, id) },
    admit: {
      working: limits.working,
      waiting: limits.waiting,
      waitingBytes: limits.waitingBytes,
    },
    decode: {
      limit: limits.decoding,
      decode: decodePort(limits, (kind) => models.current(kind), now, watch),
      refuse: refuseFrame,
    },
    classify: { limit: limits.batch, run: mainPort(energy.meter), now },
    route: ({ model, p1, entropy }) => {
      const threshold = settings.threshold(model.kind) ?? model.manifest.threshold;
      const { policy } = settings;
      return {
        route: chooseRoute(policy, { entropy, hard: model.callsHard(p1) }, { threshold, random }),
        threshold: policy.name === "meanet" ? threshold : undefined,
      };
    },
    offload: {
      limit: limits.cloud,
      silenceMs: config.silence,
      deadlineMs: () => settings.deadlineMs,
      online: () => cloud.online,
      publish: (question) => cloud.publish(question),
      answers: cloud.answers,
      newTicket: randomUUID,
      provisional: config.provisional,
      now,
      scheduler: asyncScheduler,
    },
    extend: { limit: limits.batch, run: extensionPort(energy.meter), now },
    conclude: {
      site: config.site,
      edge: config.node,
      now,
      uplinkJ: energy.uplinkJ,
      energySource: energy.meter.source,
    },
    record: {
      limit: JOURNAL_BATCH,
      append: (drafts) => journal.append(drafts),
      gather: asapScheduler,
      retryMs: JOURNAL_RETRY_MS,
      waiting: JOURNAL_WAITING,
      scheduler: asyncScheduler,
    },
    observe,
    answered,
  };
}
