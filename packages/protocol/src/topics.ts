import { bytes, cbor, json, settingValue } from "./codec.ts";
import { cloudAnswerSchema, complexItemSchema } from "./complex.ts";
import {
  labelSchema,
  nodeEnergySchema,
  replaySchema,
  settingStateSchema,
  statsSchema,
  statusSchema,
} from "./node.ts";
import { topic } from "./topic.ts";
import { trainingSchema } from "./training.ts";
import { verdictSchema } from "./verdict.ts";

/** Where all topics begin, unless configured otherwise. The version is part of the name: v2 would live beside it. */
export const DEFAULT_TOPIC_PREFIX = "meanet/v1";

/** Every topic of the protocol: name, payload and delivery in one place. */
export function topicsUnder(prefix: string = DEFAULT_TOPIC_PREFIX) {
  return {
    /** device → edge. JPEG, PNG, WebP or raw; published with QoS 0 or 1, as the device likes. */
    frame: topic(prefix, "{site}/{device}/frame/{id?}", bytes, { qos: 1, retain: false }),
    /** device → edge. Written with `encodeWindow`, read with `decodeWindow`, which needs the model's shape. */
    window: topic(prefix, "{site}/{device}/window/{id?}", bytes, { qos: 1, retain: false }),
    /** edge → all. */
    verdict: topic(prefix, "{site}/{device}/verdict", json(verdictSchema), { qos: 1, retain: false }),
    /** edge → recorder, anyone. A small picture of a frame for people, or the outline of a window: see `thumbnailType`. */
    thumbnail: topic(prefix, "{site}/{device}/thumbnail/{id}", bytes, { qos: 0, retain: false }),
    /** anyone → edge, recorder. */
    label: topic(prefix, "{site}/{device}/label/{id}", json(labelSchema), { qos: 1, retain: false }),
    /** edge → one worker. */
    complex: topic(prefix, "{site}/{edge}/complex/{id}", cbor(complexItemSchema), { qos: 1, retain: false }),
    /** worker → edge. */
    answer: topic(prefix, "{site}/{edge}/answer/{id}", json(cloudAnswerSchema), { qos: 1, retain: false }),
    /** recorder → edge. */
    replay: topic(prefix, "{site}/{edge}/replay", json(replaySchema), { qos: 1, retain: false }),
    /** node → all. */
    energy: topic(prefix, "{site}/{node}/energy", json(nodeEnergySchema), { qos: 0, retain: false }),
    /** node → all. */
    training: topic(prefix, "{site}/{node}/training", json(trainingSchema), { qos: 1, retain: false }),
    /** node → all. */
    status: topic(prefix, "{site}/{node}/status", json(statusSchema), { qos: 1, retain: true }),
    /** node → all. */
    stats: topic(prefix, "{site}/{node}/stats", json(statsSchema), { qos: 0, retain: true }),
    /** anyone → edge. */
    set: topic(prefix, "{site}/{edge}/set/{setting}", settingValue(), { qos: 1, retain: false }),
    /** edge → all. */
    state: topic(prefix, "{site}/{edge}/state/{setting}", json(settingStateSchema), { qos: 1, retain: true }),
  } as const;
}

export type Topics = ReturnType<typeof topicsUnder>;

/** The share group of the workers. */
export const WORKER_GROUP = "workers";

/** The share group of the edge nodes of a site. */
export function edgeGroup(site: string): string {
  return `edge-${site}`;
}
