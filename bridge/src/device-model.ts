import {
  type NodeEnergy,
  type NodeKind,
  type Setting,
  type SettingState,
  type Stats,
  type Status,
  settings,
  type ThumbnailType,
  type Verdict,
} from "@meanet/protocol";
import { catalogue, type Property } from "./catalogue.ts";
import { readValue, type Value } from "./reading.ts";

/** A message of MEANet, and who it is about. */
export type Message =
  | { readonly source: "status"; readonly id: string; readonly payload: Status }
  | { readonly source: "stats"; readonly id: string; readonly payload: Stats }
  | { readonly source: "energy"; readonly id: string; readonly payload: NodeEnergy }
  | { readonly source: Setting; readonly id: string; readonly payload: SettingState }
  | { readonly source: "verdict"; readonly id: string; readonly payload: Verdict }
  | { readonly source: "thumbnail"; readonly id: string; readonly payload: { readonly type: ThumbnailType } };

/** What seldom changes of a device: its object is the same one as long as nothing of it has. */
export interface Structure {
  /** `node/edge-1`, `device/cam-1`: a node and a device may have the same name. */
  readonly key: string;
  readonly id: string;
  /** A node of MEANet, or a device: a camera or sensor, which only its verdicts tell of. */
  readonly kind: NodeKind | "device";
  /** Of the software; empty for devices. */
  readonly version: string;
  readonly properties: readonly Property[];
}

export interface Device {
  readonly structure: Structure;
  /** By id of the property; each property of the structure has one. */
  readonly values: ReadonlyMap<string, Value>;
  /** A node that says it is online; a device that has sent a frame not long ago. */
  readonly available: boolean;
  /** When something of it was last heard, or when it went away; milliseconds. */
  readonly seenAt: number;
}

export interface Model {
  readonly devices: ReadonlyMap<string, Device>;
  /** Messages about nodes and devices beyond the limits. */
  readonly dropped: number;
}

export interface Limits {
  readonly nodes: number;
  readonly devices: number;
}

export const emptyModel: Model = { devices: new Map(), dropped: 0 };

const bySource = Map.groupBy(catalogue, (property) => property.source);

/** The model after a message. The same object when the message adds nothing. */
export function reduce(model: Model, message: Message, at: number, limits: Limits): Model {
  const isDevice = message.source === "verdict" || message.source === "thumbnail";
  const key = `${isDevice ? "device" : "node"}/${message.id}`;
  const before = model.devices.get(key);
  if (before === undefined && isFull(model, isDevice, limits)) {
    return { ...model, dropped: model.dropped + 1 };
  }
  const after = change(before ?? newDevice(key, message), message, at);
  return { ...model, devices: new Map(model.devices).set(key, after) };
}

/**
 * The model as time goes by: devices that have sent nothing for `silentMs` are not available, and what has been away for `forgetMs`
 * is in it no more.
 */
export function age(
  model: Model,
  at: number,
  { silentMs, forgetMs }: { readonly silentMs: number; readonly forgetMs: number },
): Model {
  const devices = new Map(model.devices);
  let changed = false;
  for (const [key, device] of model.devices) {
    const away = at - device.seenAt;
    if (!device.available && away >= forgetMs) changed = devices.delete(key);
    else if (device.available && device.structure.kind === "device" && away >= silentMs) {
      devices.set(key, { ...device, available: false });
      changed = true;
    }
  }
  return changed ? { ...model, devices } : model;
}

/** The model without a node whose retained status somebody has cleared: it is gone for good. */
export function forget(model: Model, node: string): Model {
  const devices = new Map(model.devices);
  return devices.delete(`node/${node}`) ? { ...model, devices } : model;
}

function isFull({ devices }: Model, isDevice: boolean, limits: Limits): boolean {
  let alike = 0;
  for (const { structure } of devices.values()) {
    if ((structure.kind === "device") === isDevice) alike += 1;
  }
  return alike >= (isDevice ? limits.devices : limits.nodes);
}

function newDevice(key: string, { id, payload }: Message): Device {
  // A setting is an edge node's; all others say what they are.
  const kind = key.startsWith("device/") ? "device" : "kind" in payload ? payload.kind : "edge";
  const structure: Structure = { key, id, kind, version: "", properties: [] };
  return { structure, values: new Map(), available: false, seenAt: 0 };
}

function change(device: Device, message: Message, at: number): Device {
  const { source, payload } = message;
  const values = new Map(device.values);
  const lost = new Set<string>();
  const found: Property[] = [];
  for (const property of bySource.get(source) ?? []) {
    const value = property.kind === "button" ? "" : readValue(property.reading, payload);
    if (typeof value === typeNames[property.type]) {
      values.set(property.id, value as Value);
      found.push(withOption(property, value as Value));
    } else if (value !== undefined && values.delete(property.id)) lost.add(property.id);
  }
  const available =
    source === "status" ? payload.state === "online" : device.structure.kind === "device" || device.available;
  return {
    structure: restructure(device.structure, message, found, lost),
    values,
    available,
    // A node that is away stays as old as it was: its retained messages may come again and again.
    seenAt: available || device.available || device.seenAt === 0 ? at : device.seenAt,
  };
}

const typeNames = { number: "number", text: "string", boolean: "boolean" } as const;

/** The structure with what a message found and lost; the same object when that is nothing new. */
function restructure(
  structure: Structure,
  { source, payload }: Message,
  found: readonly Property[],
  lost: ReadonlySet<string>,
): Structure {
  const version = source === "status" ? payload.version : structure.version;
  const kind = source === "status" ? payload.kind : structure.kind;
  const known = new Map(structure.properties.map((property) => [property.id, property]));
  const isNew = found.some(
    ({ id, options }) => String(known.get(id)?.options) !== String(options) || !known.has(id),
  );
  if (!isNew && lost.size === 0 && version === structure.version && kind === structure.kind) return structure;
  for (const property of found) known.set(property.id, property);
  for (const id of lost) known.delete(id);
  const properties = catalogue.flatMap(({ id }) => known.get(id) ?? []);
  return { ...structure, kind, version, properties };
}

/** A select may stand at a word that nobody else would choose, `random:0.25`: that is then one of its words too. A picture has one type. */
function withOption(property: Property, value: Value): Property {
  if (typeof value !== "string") return property;
  if (property.kind === "picture") return { ...property, options: [value] };
  const { kind, options } = property;
  if (kind !== "select" || options === undefined || options.includes(value)) return property;
  return { ...property, options: [...options, value] };
}

export function isSetting(text: string): text is Setting {
  return (settings as readonly string[]).includes(text);
}
