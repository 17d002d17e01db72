import {
  cloudOutcomes,
  exits,
  type NodeEnergy,
  type Setting,
  type Stats,
  type Status,
  type Verdict,
} from "@meanet/protocol";
import type { Reading } from "./reading.ts";

/** The message that a property is read from; a setting has a topic of its own. */
export type Source = "status" | "stats" | "energy" | "verdict" | "thumbnail" | Setting;

/** One thing to know of a node or device, or to set. */
export interface Property {
  /** Of the device: lower case, digits and hyphens. */
  readonly id: string;
  readonly name: string;
  readonly kind: "sensor" | "binary" | "number" | "select" | "button" | "picture";
  readonly source: Source;
  readonly reading: Reading;
  /** Of the value; a value of another type is no value. */
  readonly type: "number" | "text" | "boolean";
  readonly unit?: "J" | "ms" | "s" | "B" | "nat";
  /** `total` only grows while the process lives; `now` goes up and down. */
  readonly trend?: "total" | "now";
  /** All words that it may be. */
  readonly options?: readonly string[];
  readonly range?: { readonly min: number; readonly max: number; readonly step: number };
  /** Whoever looks at the site every day need not see it. */
  readonly diagnostic?: true;
  /** Changes all the time and tells little. */
  readonly noisy?: true;
  /** What to publish to change it: buttons always the same, others their value. */
  readonly set?: { readonly setting: Setting; readonly payload?: string; readonly suffix?: string };
}

/** Keys of a payload; those of an open record are any word. */
type Path<T> = T extends object
  ? { [K in keyof T & string]: [K, ...([] | Path<T[K]>)] }[keyof T & string]
  : never;
type AnyOf<T> = T extends unknown ? Path<T> : never;

const status = (path: AnyOf<Status>): Reading => ({ path });
const stats = (path: AnyOf<Stats>): Reading => ({ path });
const energy = (path: AnyOf<NodeEnergy>): Reading => ({ path });
const verdict = (path: AnyOf<Verdict>, otherwise?: string): Reading =>
  otherwise === undefined ? { path } : { path, otherwise };
const state: Reading = { path: ["value"] };
const longState: Reading = { path: ["value"], long: true };

const now = { trend: "now" } as const;
const total = { trend: "total" } as const;
const diagnostic = { diagnostic: true } as const;
/** No distribution over 4096 classes, the most that a bundle has, is above ln 4096. */
const nats = { min: 0, max: 8.32, step: 0.01 };

type More = Partial<Omit<Property, "id" | "name" | "kind" | "source" | "type" | "reading">>;
const property =
  (kind: Property["kind"], source: Source, type: Property["type"]) =>
  (id: string, name: string, reading: Reading, more: More = {}): Property => ({
    id,
    name,
    kind,
    source,
    reading,
    type,
    ...more,
  });
const statusText = property("sensor", "status", "text");
const statsNumber = property("sensor", "stats", "number");
const joules = property("sensor", "energy", "number");
const verdictText = property("sensor", "verdict", "text");
const verdictNumber = property("sensor", "verdict", "number");

/** Everything that is passed on. A node has those that its payloads hold, so that one list serves every kind of node. */
export const catalogue: readonly Property[] = [
  property("binary", "status", "boolean")("online", "Online", { path: ["state"], is: "online" }, diagnostic),
  statusText("state", "State", status(["state"]), {
    options: ["online", "offline", "stopped"],
    ...diagnostic,
  }),
  statusText("models", "Models", { list: ["models"] }, diagnostic),

  statsNumber("frames", "Frames", stats(["counters", "frames"]), total),
  statsNumber("verdicts", "Verdicts", stats(["counters", "verdicts"]), total),
  statsNumber("answers-main", "Answers of main", stats(["exits", "main"]), total),
  statsNumber("answers-extension", "Answers of the extension", stats(["exits", "extension"]), total),
  statsNumber("answers-cloud", "Answers of the cloud", stats(["exits", "cloud"]), total),
  statsNumber("asked", "Frames sent to the cloud", stats(["counters", "asked"]), total),
  statsNumber("items", "Complex items", stats(["counters", "items"]), total),
  statsNumber("answered", "Items answered", stats(["counters", "answered"]), total),
  statsNumber("failed", "Items failed", stats(["counters", "failed"]), total),
  statsNumber("labels", "Labels", stats(["counters", "labels"]), total),
  statsNumber("messages-in", "Messages in", stats(["counters", "messagesIn"]), total),
  statsNumber("messages-out", "Messages out", stats(["counters", "messagesOut"]), total),
  statsNumber("drops", "Drops and refusals", { total: ["drops"] }, total),
  statsNumber("waiting", "Frames waiting", stats(["queues", "waiting"]), { ...now, ...diagnostic }),
  statsNumber("working", "Frames in work", stats(["queues", "working"]), { ...now, ...diagnostic }),
  statsNumber("cloud-waiting", "Waiting for the cloud", stats(["queues", "cloud"]), {
    ...now,
    ...diagnostic,
  }),
  statsNumber("intake", "Rows waiting to be stored", stats(["queues", "intake"]), { ...now, ...diagnostic }),
  statsNumber("clients", "Clients", stats(["queues", "clients"]), { ...now, ...diagnostic }),
  statsNumber("uptime", "Uptime", stats(["uptimeS"]), { unit: "s", noisy: true, ...now, ...diagnostic }),

  joules("energy-compute", "Energy of computing", energy(["computeJ"]), { unit: "J", ...total }),
  joules("energy-uplink", "Energy of the uplink", energy(["uplinkJ"]), { unit: "J", ...total }),

  property("number", "threshold", "number")("threshold", "Threshold", state, {
    unit: "nat",
    range: nats,
    set: { setting: "threshold" },
  }),
  property("number", "threshold-window", "number")("threshold-window", "Threshold of windows", state, {
    unit: "nat",
    range: nats,
    set: { setting: "threshold-window" },
  }),
  property("select", "policy", "text")("policy", "Policy", state, {
    options: ["meanet", "edge-only", "cloud-only"],
    set: { setting: "policy" },
  }),
  property("number", "deadline", "number")(
    "deadline",
    "Deadline",
    { path: ["value"], suffix: "ms" },
    { unit: "ms", range: { min: 1, max: 600_000, step: 1 }, set: { setting: "deadline", suffix: "ms" } },
  ),
  property("select", "learning", "text")("learning", "Learning", state, {
    options: ["on", "off"],
    set: { setting: "learning" },
  }),
  property("sensor", "train", "text")("training", "Training", longState, diagnostic),
  property("button", "train", "text")("train", "Train now", longState, {
    set: { setting: "train", payload: "now" },
  }),
  property("sensor", "hard-classes", "text")("hard-classes", "Hard classes", longState, diagnostic),
  property("button", "hard-classes", "text")("accept-hard-classes", "Accept hard classes", longState, {
    set: { setting: "hard-classes", payload: "accept" },
  }),
  property("button", "hard-classes", "text")("dismiss-hard-classes", "Dismiss hard classes", longState, {
    set: { setting: "hard-classes", payload: "dismiss" },
  }),

  verdictText("label", "Label", verdict(["label"], "refused")),
  verdictNumber("confidence", "Confidence", verdict(["confidence"]), now),
  verdictText("exit", "Exit", verdict(["exit"], "none"), { options: [...exits, "none"] }),
  verdictText("cloud", "Cloud", verdict(["cloud"], "none"), { options: cloudOutcomes, ...diagnostic }),
  property("binary", "verdict", "boolean")("refused", "Refused", { path: ["outcome"], is: "refused" }),
  verdictNumber("entropy", "Entropy", verdict(["entropy"]), { unit: "nat", ...now, ...diagnostic }),
  verdictNumber("latency", "Latency", verdict(["latencyMs"]), { unit: "ms", ...now }),
  // What the edge spent, as everywhere: energy of the cloud is told apart.
  verdictNumber(
    "frame-energy",
    "Energy of a frame",
    { of: "energy", sum: ["mainJ", "extensionJ", "uplinkJ"] },
    { unit: "J", ...now },
  ),
  // Its value is its content type: pictures themselves are nothing to keep in mind.
  property("picture", "thumbnail", "text")("picture", "Picture", { path: ["type"] }),
  verdictNumber("uplink-bytes", "Bytes sent", verdict(["uplinkBytes"]), { unit: "B", ...now, ...diagnostic }),
];
