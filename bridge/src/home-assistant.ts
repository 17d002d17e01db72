/**
 * MQTT discovery of Home Assistant, device by device: one retained message tells it everything that a node or camera has to show and
 * to set. Values do not pass through here: state topics point at MEANet's own, and templates take the values out of their payloads.
 *
 * @see https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
 */
import type { Topics } from "@meanet/protocol";
import type { Property } from "./catalogue.ts";
import { isSetting, type Model, type Structure } from "./device-model.ts";
import { type Outbound, removal, retained } from "./outbound.ts";
import { templateOf } from "./reading.ts";

export interface HomeAssistantOptions {
  /** Home Assistant's own discovery prefix. */
  readonly prefix: string;
  readonly site: string;
  readonly topics: Topics;
  /** Of the bridge. */
  readonly version: string;
  /** Values of a camera that has been silent for so long are not shown any more. */
  readonly silentMs: number;
}

interface Component {
  readonly platform: "sensor" | "binary_sensor" | "number" | "select" | "button" | "image";
  readonly [option: string]: unknown;
}

export interface Discovery {
  readonly device: Readonly<Record<string, unknown>>;
  readonly origin: { readonly name: string; readonly sw_version: string };
  readonly availability?: readonly Availability[];
  readonly components: Readonly<Record<string, Component>>;
  readonly qos: 1;
}

interface Availability {
  readonly topic: string;
  readonly value_template: string;
  readonly payload_available: string;
  readonly payload_not_available: string;
}

const kindNames = {
  broker: "Broker",
  edge: "Edge node",
  worker: "Cloud worker",
  recorder: "Recorder",
  flows: "Node-RED",
  bridge: "Bridge",
  device: "Camera or sensor",
} as const;

/** What has to be published after the model has changed from `before` to `after`; all of it when `before` is empty. */
export function discoveryMessages(before: Model, after: Model, options: HomeAssistantOptions): Outbound[] {
  const messages: Outbound[] = [];
  for (const [key, { structure }] of after.devices) {
    const old = before.devices.get(key)?.structure;
    if (structure === old || structure.properties.length === 0) continue;
    const topic = configTopic(key, options);
    const discovery = discoveryOf(structure, options);
    const removed = old?.properties.filter(({ id }) => discovery.components[id] === undefined) ?? [];
    // A component goes when it is told once with its platform alone, and then left out.
    if (removed.length > 0) {
      const stubs = removed.map((property) => [property.id, { platform: platformOf(property) }]);
      messages.push(
        retained(
          topic,
          JSON.stringify({
            ...discovery,
            components: { ...discovery.components, ...Object.fromEntries(stubs) },
          }),
        ),
      );
    }
    messages.push(retained(topic, JSON.stringify(discovery)));
  }
  for (const key of before.devices.keys()) {
    if (!after.devices.has(key)) messages.push(removal(configTopic(key, options)));
  }
  return messages;
}

/** `homeassistant/device/meanet_lab_node_edge-1/config`. No site or id has an underscore, so that no two share a topic. */
export function configTopic(
  key: string,
  { prefix, site }: Pick<HomeAssistantOptions, "prefix" | "site">,
): string {
  return `${prefix}/device/${uniqueId(key, site)}/config`;
}

/** The key of the device of this site that a configuration topic is about; undefined when it is another's. */
export function keyOfConfigTopic(
  topic: string,
  { prefix, site }: Pick<HomeAssistantOptions, "prefix" | "site">,
): string | undefined {
  const [, of, kind, id] =
    /^device\/meanet_([a-z0-9-]+)_(node|device)_([a-z0-9-]+)\/config$/.exec(
      topic.startsWith(`${prefix}/`) ? topic.slice(prefix.length + 1) : "",
    ) ?? [];
  return of === site ? `${kind}/${id}` : undefined;
}

/** Everything about one device. */
function discoveryOf(structure: Structure, options: HomeAssistantOptions): Discovery {
  const { key, id, kind, version, properties } = structure;
  const { site, topics } = options;
  const isNode = kind !== "device";
  return {
    device: {
      identifiers: [uniqueId(key, site)],
      name: isNode ? `MEANet ${id}` : id,
      manufacturer: "MEANet",
      model: kindNames[kind],
      serial_number: `${site}/${id}`,
      ...(version === "" ? {} : { sw_version: version }),
    },
    origin: { name: "MEANet", sw_version: options.version },
    ...(isNode
      ? {
          availability: [
            {
              topic: topics.status.format({ site, node: id }),
              value_template: templateOf({ path: ["state"], is: "online" }),
              payload_available: "True",
              payload_not_available: "False",
            },
          ],
        }
      : {}),
    components: Object.fromEntries(
      properties.map((property) => [property.id, componentOf(property, structure, options)]),
    ),
    qos: 1,
  };
}

function componentOf(property: Property, structure: Structure, options: HomeAssistantOptions): Component {
  const { topics, site, silentMs } = options;
  const { kind, id, source, unit, trend, range, set } = property;
  const stateTopic = topicOf(property, structure.id, options);
  const template = templateOf(property.reading);
  const shared = {
    platform: platformOf(property),
    unique_id: `${uniqueId(structure.key, site)}_${id}`,
    name: property.name,
    ...(property.noisy ? { enabled_by_default: false } : {}),
  };
  const command = set && {
    command_topic: topics.set.format({ site, edge: structure.id, setting: set.setting }),
    entity_category: "config",
  };
  // Why the last wish was refused stands beside the value in force.
  const refusal = set && { json_attributes_topic: stateTopic };
  const category = property.diagnostic ? { entity_category: "diagnostic" } : {};
  // A camera has no status: what it said last goes stale.
  const expiry = source === "verdict" ? { expire_after: Math.ceil(silentMs / 1000) } : {};
  // What a node says of its own state is worth knowing above all when it is away.
  const always =
    source === "status" && (id === "online" || id === "state")
      ? {
          availability: [
            { topic: stateTopic, value_template: "{{ value_json.kind }}", payload_available: structure.kind },
          ],
        }
      : {};
  switch (kind) {
    case "sensor":
      return {
        ...shared,
        state_topic: stateTopic,
        value_template: template,
        ...sensorClass(property),
        ...(unit === undefined ? {} : { unit_of_measurement: unit }),
        ...(trend === undefined
          ? {}
          : { state_class: trend === "total" ? "total_increasing" : "measurement" }),
        ...(id === "label" || isSetting(source) ? { json_attributes_topic: stateTopic } : {}),
        ...category,
        ...expiry,
        ...always,
      };
    case "binary":
      return {
        ...shared,
        state_topic: stateTopic,
        value_template: template,
        payload_on: "True",
        payload_off: "False",
        device_class: id === "online" ? "connectivity" : "problem",
        ...category,
        ...expiry,
        ...always,
      };
    case "number":
      return {
        ...shared,
        ...command,
        ...refusal,
        state_topic: stateTopic,
        value_template: template,
        ...(range === undefined ? {} : range),
        mode: "box",
        ...(unit === undefined ? {} : { unit_of_measurement: unit }),
        ...(set?.suffix === undefined ? {} : { command_template: `{{ value }}${set.suffix}` }),
      };
    case "select":
      return {
        ...shared,
        ...command,
        ...refusal,
        state_topic: stateTopic,
        value_template: template,
        options: property.options,
      };
    case "button":
      return { ...shared, ...command, payload_press: set?.payload };
    case "picture":
      // Pictures come on a topic of their own each.
      return { ...shared, image_topic: stateTopic, content_type: property.options?.[0] };
  }
}

/** What the value is: its class, and for words which ones there are. */
function sensorClass({ unit, options, trend }: Property): Record<string, unknown> {
  if (options !== undefined) return { device_class: "enum", options };
  switch (unit) {
    case "J":
      // Energy is a meter that only grows; joules of one frame are a figure without a class.
      return trend === "total" ? { device_class: "energy", suggested_display_precision: 1 } : precision(4);
    case "ms":
    case "s":
      return { device_class: "duration", ...precision(unit === "s" ? 0 : 1) };
    case "B":
      return { device_class: "data_size" };
    default:
      return unit === "nat" || trend === "now" ? precision(2) : {};
  }
}

function precision(decimals: number): Record<string, number> {
  return { suggested_display_precision: decimals };
}

function platformOf({ kind }: Property): Component["platform"] {
  return kind === "binary" ? "binary_sensor" : kind === "picture" ? "image" : kind;
}

/** MEANet's own topic that a property is read from; of pictures a filter. */
function topicOf(
  { source }: Property,
  id: string,
  { topics, site }: Pick<HomeAssistantOptions, "topics" | "site">,
): string {
  switch (source) {
    case "verdict":
      return topics.verdict.format({ site, device: id });
    case "thumbnail":
      return topics.thumbnail.filter({ site, device: id });
    case "status":
    case "stats":
    case "energy":
      return topics[source].format({ site, node: id });
    default:
      return topics.state.format({ site, edge: id, setting: source });
  }
}

function uniqueId(key: string, site: string): string {
  return `meanet_${site}_${key.replace("/", "_")}`;
}
