/**
 * What Home Assistant's documentation asks of a device discovery message, as a check that names every breach.
 *
 * @see https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the page of each platform there
 * @see https://developers.home-assistant.io/docs/core/entity/sensor/#available-device-classes
 */

type Options = Readonly<Record<string, unknown>>;

/** Options that every entity may have. */
const COMMON = [
  ...[
    "platform",
    "unique_id",
    "name",
    "availability",
    "enabled_by_default",
    "entity_category",
    "icon",
    "qos",
  ],
  ...["json_attributes_topic", "json_attributes_template", "encoding"],
];

const platforms: Readonly<Record<string, { required: string[]; optional: string[] }>> = {
  sensor: {
    required: ["state_topic"],
    optional: [
      ...["value_template", "device_class", "unit_of_measurement", "state_class", "options", "expire_after"],
      ...["force_update", "suggested_display_precision", "last_reset_value_template"],
    ],
  },
  binary_sensor: {
    required: ["state_topic"],
    optional: [
      ...["value_template", "device_class", "payload_on", "payload_off", "expire_after"],
      ...["force_update", "off_delay"],
    ],
  },
  number: {
    required: ["command_topic"],
    optional: [
      ...["state_topic", "value_template", "command_template", "min", "max", "step", "mode", "device_class"],
      ...["unit_of_measurement", "optimistic", "retain", "payload_reset"],
    ],
  },
  select: {
    required: ["command_topic", "options"],
    optional: ["state_topic", "value_template", "command_template", "optimistic", "retain"],
  },
  image: {
    required: ["image_topic"],
    optional: ["content_type", "image_encoding"],
  },
  button: {
    required: ["command_topic"],
    optional: ["payload_press", "command_template", "device_class", "retain"],
  },
};

/** Of the classes that there are, those that MEANet has a use for: units and state classes that go with them. */
const sensorClasses: Readonly<Record<string, { units: string[]; states: string[] }>> = {
  energy: {
    units: ["J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"],
    states: ["total", "total_increasing"],
  },
  duration: {
    units: ["d", "h", "min", "s", "ms", "µs"],
    states: ["measurement", "total", "total_increasing"],
  },
  data_size: {
    units: ["bit", "kbit", "Mbit", "Gbit", "B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB"],
    states: ["measurement", "total", "total_increasing"],
  },
};
const BINARY_CLASSES = ["connectivity", "problem", "running", "power", "motion", "occupancy"];
/** Longest state that is kept. */
export const MAX_STATE = 255;

/** Every breach of the documented rules, as sentences; none for a message that Home Assistant takes. */
export function discoveryBreaches(topic: string, payload: string): string[] {
  const breaches: string[] = [];
  const match = /^homeassistant\/device\/([a-zA-Z0-9_-]+)\/config$/.exec(topic);
  if (match === null) breaches.push(`${topic} is no topic of a device`);
  const message = JSON.parse(payload) as Options;
  const { device, origin, components } = message as Record<string, Options | undefined>;
  for (const key of Object.keys(message)) {
    if (!["device", "origin", "components", "availability", "state_topic", "qos"].includes(key)) {
      breaches.push(`${key} is no option of all components`);
    }
  }
  if (!isFilled(device?.identifiers) && !isFilled(device?.connections))
    breaches.push("device without identifiers");
  if (!isFilled(device?.name)) breaches.push("device without name");
  if (!isFilled(origin?.name)) breaches.push("origin without name");
  if (components === undefined || Object.keys(components).length === 0) breaches.push("no components");
  for (const [id, component] of Object.entries(components ?? {})) {
    for (const breach of componentBreaches(component as Options)) breaches.push(`${id}: ${breach}`);
  }
  for (const availability of (message.availability ?? []) as Options[]) {
    if (!isFilled(availability.topic)) breaches.push("availability without topic");
  }
  return breaches;
}

function componentBreaches(component: Options): string[] {
  const rules = platforms[word(component.platform)];
  if (rules === undefined) return [`unknown platform ${word(component.platform)}`];
  const breaches: string[] = [];
  // A component that has its platform alone is one to remove.
  if (Object.keys(component).length === 1) return [];
  for (const option of ["unique_id", "name", ...rules.required]) {
    if (!isFilled(component[option])) breaches.push(`lacks ${option}`);
  }
  for (const option of Object.keys(component)) {
    if (![...COMMON, ...rules.required, ...rules.optional].includes(option))
      breaches.push(`has no option ${option}`);
    // Home Assistant subscribes to it as it is: an image may come on many topics.
    const isTopic = option.endsWith("_topic") && option !== "image_topic";
    if (isTopic && /[+#\s]/.test(word(component[option]))) breaches.push(`${option} is a filter`);
  }
  const category = component.entity_category;
  if (category !== undefined && category !== "diagnostic" && category !== "config")
    breaches.push("no such category");
  if (category === "config" && rules.required.includes("state_topic"))
    breaches.push("a sensor is never config");
  if (component.platform === "sensor") breaches.push(...sensorBreaches(component));
  if (component.platform === "binary_sensor" && !BINARY_CLASSES.includes(word(component.device_class))) {
    breaches.push(`no binary device class ${word(component.device_class)}`);
  }
  if (component.platform === "number") {
    const { min, max, step } = component as Record<string, number>;
    if (!(min! < max!)) breaches.push("min is not below max");
    if (!(step! >= 0.001)) breaches.push("step below 0.001");
  }
  return breaches;
}

function sensorBreaches(component: Options): string[] {
  const { device_class: name, unit_of_measurement: unit, state_class: state, options } = component;
  if (name === "enum") {
    const breaches = isFilled(options) ? [] : ["enum without options"];
    if (unit !== undefined || state !== undefined) breaches.push("enum with unit or state class");
    return breaches;
  }
  const breaches = options === undefined ? [] : ["options need the class enum"];
  if (state !== undefined && !["measurement", "total", "total_increasing"].includes(word(state))) {
    breaches.push(`no state class ${word(state)}`);
  }
  if (name === undefined) return breaches;
  const rules = sensorClasses[word(name)];
  if (rules === undefined) return [...breaches, `no device class ${word(name)}`];
  if (!rules.units.includes(word(unit))) breaches.push(`${word(name)} in ${word(unit)}`);
  if (state !== undefined && !rules.states.includes(word(state)))
    breaches.push(`${word(name)} as ${word(state)}`);
  return breaches;
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== "";
}

/** An option as text. */
function word(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "nothing");
}
