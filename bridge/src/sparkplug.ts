/**
 * Sparkplug B 3.0: the bridge is an edge node of the group, every node and device of the site a device of it. Births tell all metrics by
 * name and alias, data messages what has changed, by alias alone.
 *
 * @see https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf
 */
import type { Property } from "./catalogue.ts";
import type { Device, Model, Structure } from "./device-model.ts";
import type { Outbound } from "./outbound.ts";
import {
  type DataType,
  dataTypes,
  encodePayload,
  type Metric,
  type WrittenMetric,
} from "./sparkplug-payload.ts";

export interface SparkplugOptions {
  /** Group id; no "+", "/" or "#". */
  readonly group: string;
  /** Edge node id: the name of the bridge. */
  readonly node: string;
  readonly version: string;
}

/** What has been told on this connection. */
export interface SparkplugState {
  /** Number of the connection, 0 to 255. */
  readonly bdSeq: number;
  /** Of the next message. */
  readonly seq: number;
  /** As it was told. */
  readonly model: Model;
  /** By device key and property id, `node/edge-1 threshold`; unique over the whole edge node. */
  readonly aliases: ReadonlyMap<string, number>;
  readonly nextAlias: number;
}

interface Step {
  readonly state: SparkplugState;
  readonly messages: readonly Outbound[];
}

const REBIRTH = "Node Control/Rebirth";

/** The will of connection `connects`, 0 for the first. */
export function deathMessage(connects: number, options: SparkplugOptions, at: number): Outbound {
  const bdSeq = { name: "bdSeq", timestamp: at, datatype: dataTypes.int64, value: connects % 256 };
  return {
    topic: topic("NDEATH", options),
    payload: encodePayload({ timestamp: at, metrics: [bdSeq] }, [dataTypes.int64]),
    qos: 1,
    retain: false,
  };
}

/** The births of a connection: of the edge node, then of every device that is there. Also the answer to a rebirth command. */
export function birthMessages(connects: number, model: Model, options: SparkplugOptions, at: number): Step {
  const bdSeq = connects % 256;
  const told = { ...model, devices: new Map() };
  const state = { bdSeq, seq: 1, model: told, aliases: new Map<string, number>(), nextAlias: 1 };
  const metrics: (Metric & { readonly datatype: DataType })[] = [
    { name: "bdSeq", datatype: dataTypes.int64, value: bdSeq },
    // A host writes it by its name: it must have no alias.
    { name: REBIRTH, datatype: dataTypes.boolean, value: false },
    { name: "Properties/Version", datatype: dataTypes.string, value: options.version },
  ];
  const birth = message("NBIRTH", undefined, { metrics, seq: 0 }, options, at);
  const { state: after, messages } = changeMessages(state, model, options, at);
  return { state: after, messages: [birth, ...messages] };
}

/** What has to be told after the model has changed: births and deaths of devices, and values. */
export function changeMessages(
  before: SparkplugState,
  model: Model,
  options: SparkplugOptions,
  at: number,
): Step {
  const messages: Outbound[] = [];
  const aliases = new Map(before.aliases);
  let { seq, nextAlias } = before;
  const tell = (type: "DBIRTH" | "DDATA" | "DDEATH", key: string, metrics: readonly TypedMetric[]) => {
    messages.push(message(type, deviceName(key), { metrics, seq }, options, at));
    seq = (seq + 1) % 256;
  };
  for (const [key, old] of before.model.devices) {
    const now = model.devices.get(key);
    if (isTold(old) && (now === undefined || !isTold(now))) tell("DDEATH", key, []);
    if (now !== undefined) continue;
    for (const { id } of old.structure.properties) aliases.delete(`${key} ${id}`);
  }
  for (const [key, device] of model.devices) {
    const old = before.model.devices.get(key);
    if (device === old || !isTold(device)) continue;
    const properties = metricsOf(device.structure);
    if (old === undefined || !isTold(old) || old.structure !== device.structure) {
      const metrics = properties.map((property) => {
        const name = `${key} ${property.id}`;
        const alias = aliases.get(name) ?? nextAlias++;
        aliases.set(name, alias);
        return { ...birthMetric(property, device), alias };
      });
      tell("DBIRTH", key, metrics);
      continue;
    }
    const changed = properties.filter(({ id }) => device.values.get(id) !== old.values.get(id));
    if (changed.length === 0) continue;
    tell(
      "DDATA",
      key,
      changed.map((property) => ({
        alias: aliases.get(`${key} ${property.id}`)!,
        timestamp: at,
        value: metricValue(property, device),
        type: typeOf(property),
      })),
    );
  }
  return { state: { ...before, seq, model, aliases, nextAlias }, messages };
}

/** Whether a command to the edge node asks for its births. */
export function asksForRebirth(metrics: readonly WrittenMetric[]): boolean {
  return metrics.some(({ name, value }) => name === REBIRTH && value === true);
}

/** The property of a device that a metric of a command is about, by alias or name. */
export function propertyOf(
  state: SparkplugState,
  device: string,
  { name, alias }: WrittenMetric,
): { readonly structure: Structure; readonly property: Property } | undefined {
  for (const [key, { structure }] of state.model.devices) {
    if (deviceName(key) !== device) continue;
    const property = structure.properties.find(
      (one) => one.id === name || (alias !== undefined && state.aliases.get(`${key} ${one.id}`) === alias),
    );
    return property && { structure, property };
  }
  return undefined;
}

type TypedMetric = Metric & ({ readonly datatype: DataType } | { readonly type: DataType });

function message(
  type: "NBIRTH" | "DBIRTH" | "DDATA" | "DDEATH",
  device: string | undefined,
  { metrics, seq }: { readonly metrics: readonly TypedMetric[]; readonly seq: number },
  options: SparkplugOptions,
  at: number,
): Outbound {
  const types = metrics.map((metric) => ("type" in metric ? metric.type : metric.datatype));
  const dated = metrics.map((metric) => ({ timestamp: at, ...metric }));
  return {
    topic: topic(type, options, device),
    payload: encodePayload({ timestamp: at, metrics: dated, seq }, types),
    qos: 0,
    retain: false,
  };
}

function topic(type: string, { group, node }: SparkplugOptions, device?: string): string {
  return ["spBv1.0", group, type, node, ...(device === undefined ? [] : [device])].join("/");
}

/** A device of Sparkplug is born and dies: what is away is as if it were not there. */
function isTold({ structure, available }: Device): boolean {
  return available && metricsOf(structure).length > 0;
}

/** Pictures are no metric. */
function metricsOf({ properties }: Structure): Property[] {
  return properties.filter(({ kind }) => kind !== "picture");
}

function birthMetric(property: Property, device: Device): Metric & { readonly datatype: DataType } {
  const { id, unit } = property;
  return {
    name: id,
    datatype: typeOf(property),
    value: metricValue(property, device),
    ...(unit === undefined ? {} : { properties: { engUnit: unit } }),
  };
}

function typeOf({ kind, type }: Property): DataType {
  if (kind === "button" || type === "boolean") return dataTypes.boolean;
  return type === "number" ? dataTypes.double : dataTypes.string;
}

/** A button rests at false; writing true presses it. */
function metricValue({ id, kind }: Property, { values }: Device): Metric["value"] {
  return kind === "button" ? false : values.get(id)!;
}

/** `node:edge-1`: a node and a device may have the same name. */
function deviceName(key: string): string {
  return key.replace("/", ":");
}
