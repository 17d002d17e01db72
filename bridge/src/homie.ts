/**
 * Homie 5: a root device, the bridge, with every node and device of the site as its child. All topics are retained; a change of
 * structure happens between `$state` init and ready.
 *
 * @see https://homieiot.github.io/specification/spec-core-v5_0_0/
 */
import { createHash } from "node:crypto";
import type { Property } from "./catalogue.ts";
import type { Device, Model, Structure } from "./device-model.ts";
import { type Outbound, removal, retained } from "./outbound.ts";
import type { Value } from "./reading.ts";

export interface HomieOptions {
  /** What stands before `/5/`. */
  readonly prefix: string;
  readonly site: string;
}

type Ids = Pick<HomieOptions, "prefix" | "site">;

interface Description {
  readonly homie: "5.0";
  readonly version: number;
  readonly name: string;
  readonly type: string;
  readonly root?: string;
  readonly children?: readonly string[];
  readonly nodes?: Readonly<Record<string, { readonly properties: Readonly<Record<string, object>> }>>;
}

/**
 * What has to be published after the model has changed from `before` to `after`. With `before` undefined all of it: the root device is new then too.
 */
export function homieMessages(before: Model | undefined, after: Model, options: HomieOptions): Outbound[] {
  const messages: Outbound[] = [];
  const old = before === undefined ? undefined : childrenOf(before);
  const children = childrenOf(after);
  const sameChildren = old?.size === children.size && [...children.keys()].every((key) => old.has(key));
  const goodbye: Outbound[] = [];
  for (const [key, device] of old ?? []) {
    if (!children.has(key)) goodbye.push(...clearing(device.structure, options));
  }
  if (old === undefined) messages.push(rootState("init", options));
  for (const [key, device] of children) messages.push(...childMessages(old?.get(key), device, options));
  // A parent names a child when all of it is there, and before it goes.
  if (!sameChildren) messages.push(...rootMessages([...children.keys()], options));
  return [...messages, ...goodbye];
}

/** `ready` when it works, `disconnected` for a clean end, `lost` as the last will. */
export function rootState(state: "init" | "ready" | "disconnected" | "lost", options: Ids): Outbound {
  return retained(`${base(rootId(options), options)}/$state`, state);
}

/** The property that a `set` topic is about. */
export function propertyAt(
  model: Model,
  at: { readonly device: string; readonly node: string; readonly property: string },
  options: Ids,
): { readonly structure: Structure; readonly property: Property } | undefined {
  const key = keyOfDevice(at.device, options);
  const structure = key === undefined ? undefined : model.devices.get(key)?.structure;
  const property = structure?.properties.find((one) => one.id === at.property && nodeOf(one) === at.node);
  return structure === undefined || property === undefined ? undefined : { structure, property };
}

/** What was written to a `set` topic, as a value of the property's type. */
export function parseWritten(property: Property, text: string): string | number {
  return property.type === "number" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}

/** A description of ours has a few kilobytes and some forty properties; of what claims more, the rest was not told by a bridge. */
const MAX_DESCRIPTION = { length: 64 * 1024, properties: 256 } as const;

/** All topics of a device, by its description as it was retained; `$state` first, since a device exists by it. */
export function topicsOfDescription(device: string, description: string, options: Ids): string[] {
  const topics = [`${base(device, options)}/$state`, `${base(device, options)}/$description`];
  if (description.length > MAX_DESCRIPTION.length) return topics;
  let nodes: unknown;
  try {
    nodes = (JSON.parse(description) as { nodes?: unknown }).nodes;
  } catch {
    return topics;
  }
  // Retained by anyone: a node may be anything.
  const described = (nodes ?? {}) as Record<string, { readonly properties?: object | null } | null>;
  const properties = Object.entries(described).flatMap(([node, told]) =>
    Object.keys(told?.properties ?? {}).map((property) => `${base(device, options)}/${node}/${property}`),
  );
  return [...topics, ...properties.slice(0, MAX_DESCRIPTION.properties)];
}

/** The key of the child of this site's root that a device id belongs to; undefined when it is another's. */
export function keyOfDevice(device: string, options: Ids): string | undefined {
  const start = `${rootId(options)}-`;
  const [, kind, id] =
    /^(node|device)-(.+)$/.exec(device.startsWith(start) ? device.slice(start.length) : "") ?? [];
  return kind === undefined ? undefined : `${kind}/${id}`;
}

/** An id of Homie does not end in a hyphen; a device whose name does cannot be told of. */
function childrenOf(model: Model): Map<string, Device> {
  return new Map(
    [...model.devices].filter(
      ([key, { structure }]) => !key.endsWith("-") && propertiesOf(structure).length > 0,
    ),
  );
}

function rootMessages(keys: readonly string[], options: HomieOptions): Outbound[] {
  const id = rootId(options);
  const description = versioned({
    homie: "5.0",
    name: `MEANet ${options.site}`,
    type: "meanet-site",
    children: keys.map((key) => deviceId(key, options)),
  });
  return [
    rootState("init", options),
    retained(`${base(id, options)}/$description`, description),
    rootState("ready", options),
  ];
}

function childMessages(before: Device | undefined, device: Device, options: HomieOptions): Outbound[] {
  if (before === device) return [];
  const { structure, values, available } = device;
  const id = deviceId(structure.key, options);
  const topic = base(id, options);
  const state = retained(`${topic}/$state`, available ? "ready" : awayState(device));
  const changed = propertiesOf(structure).flatMap((property) => {
    if (property.kind === "button") return [];
    const value = values.get(property.id)!;
    const isNew = before === undefined || before.values.get(property.id) !== value;
    return isNew ? [retained(`${topic}/${nodeOf(property)}/${property.id}`, written(value))] : [];
  });
  if (before?.structure === structure) {
    return before.available === available ? changed : [...changed, state];
  }
  const gone = (before === undefined ? [] : propertiesOf(before.structure)).filter(
    ({ id: old }) => !structure.properties.some((property) => property.id === old),
  );
  return [
    retained(`${topic}/$state`, "init"),
    retained(`${topic}/$description`, descriptionOf(structure, options)),
    ...gone.map((property) => removal(`${topic}/${nodeOf(property)}/${property.id}`)),
    ...changed,
    state,
  ];
}

function clearing(structure: Structure, options: HomieOptions): Outbound[] {
  const device = deviceId(structure.key, options);
  return topicsOfDescription(device, descriptionOf(structure, options), options).map(removal);
}

/** A node that said goodbye, or one that nobody hears any more. */
function awayState({ values }: Device): "disconnected" | "lost" {
  return values.get("state") === "stopped" ? "disconnected" : "lost";
}

function descriptionOf(structure: Structure, options: HomieOptions): string {
  const byNode = Map.groupBy(propertiesOf(structure), nodeOf);
  return versioned({
    homie: "5.0",
    name: structure.id,
    type: `meanet-${structure.kind}`,
    root: rootId(options),
    nodes: Object.fromEntries(
      [...byNode].map(([node, properties]) => [
        node,
        {
          properties: Object.fromEntries(properties.map((property) => [property.id, attributesOf(property)])),
        },
      ]),
    ),
  });
}

function attributesOf({ name, kind, type, unit, options, range, set }: Property): object {
  const settable = set === undefined ? {} : { settable: true };
  if (kind === "button")
    return { name, datatype: "enum", format: set?.payload, retained: false, ...settable };
  if (options !== undefined) return { name, datatype: "enum", format: options.join(","), ...settable };
  if (type === "boolean") return { name, datatype: "boolean" };
  if (type === "text") return { name, datatype: "string" };
  return {
    name,
    datatype: "float",
    // Steps are for buttons of a display: a threshold may be any number.
    ...(range === undefined ? {} : { format: `${range.min}:${range.max}` }),
    ...(unit === undefined ? {} : { unit }),
    ...settable,
  };
}

/** Pictures are no value of Homie. */
function propertiesOf(structure: Structure): Property[] {
  return structure.properties.filter(({ kind }) => kind !== "picture");
}

/** Nodes of a Homie device are parts of it; here the message that a property comes from. */
function nodeOf({ source }: Property): string {
  return source === "status" || source === "stats" || source === "energy" || source === "verdict"
    ? source
    : "settings";
}

function written(value: Value): string {
  // An empty payload would remove the topic: the convention writes an empty text as one byte 0.
  return value === "" ? "\0" : String(value);
}

/** A description has to have another version whenever it is another; one made of its text needs no memory. */
function versioned(description: Omit<Description, "version">): string {
  const text = JSON.stringify(description);
  const version = createHash("sha256").update(text).digest().readUIntBE(0, 4);
  return JSON.stringify({ ...description, version } satisfies Description);
}

function rootId({ site }: Ids): string {
  return `meanet-${site}`;
}

function deviceId(key: string, options: Ids): string {
  return `${rootId(options)}-${key.replace("/", "-")}`;
}

function base(device: string, { prefix }: Ids): string {
  return `${prefix}/5/${device}`;
}
