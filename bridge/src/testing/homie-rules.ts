/**
 * What Homie 5 asks of the topics of a device tree, as a check that names every breach.
 *
 * @see https://homieiot.github.io/specification/spec-core-v5_0_0/
 */

const ID = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const STATES = ["init", "ready", "disconnected", "sleeping", "lost"];
const FLOAT = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

interface Described {
  readonly homie?: unknown;
  readonly version?: unknown;
  readonly name?: unknown;
  readonly root?: string;
  readonly children?: readonly string[];
  readonly nodes?: Readonly<Record<string, { readonly properties?: Readonly<Record<string, Attributes>> }>>;
}

interface Attributes {
  readonly datatype?: string;
  readonly format?: string;
  readonly retained?: boolean;
}

/** @param retained - all retained topics below `homie/5/`, by name */
export function homieBreaches(retained: ReadonlyMap<string, string>): string[] {
  const breaches: string[] = [];
  const devices = new Map<string, Described>();
  for (const [topic, payload] of retained) {
    const [, device = "", attribute] = /^homie\/5\/([^/]+)\/(\$description)$/.exec(topic) ?? [];
    if (attribute !== undefined) devices.set(device, JSON.parse(payload) as Described);
  }
  const known = new Set<string>();
  for (const [device, description] of devices) {
    const base = `homie/5/${device}`;
    if (!ID.test(device)) breaches.push(`${device} is no id`);
    if (description.homie !== "5.0") breaches.push(`${device}: not Homie 5.0`);
    if (!Number.isSafeInteger(description.version)) breaches.push(`${device}: version is no integer`);
    if (typeof description.name !== "string") breaches.push(`${device}: no name`);
    if (!STATES.includes(retained.get(`${base}/$state`) ?? "")) breaches.push(`${device}: no state`);
    known.add(`${base}/$state`).add(`${base}/$description`);
    if (description.root !== undefined && !devices.get(description.root)?.children?.includes(device)) {
      breaches.push(`${device}: its root does not know it`);
    }
    for (const child of description.children ?? []) {
      if (devices.get(child)?.root !== device) breaches.push(`${device}: ${child} is no child of it`);
    }
    for (const [node, { properties = {} }] of Object.entries(description.nodes ?? {})) {
      for (const [property, attributes] of Object.entries(properties)) {
        const topic = `${base}/${node}/${property}`;
        known.add(topic);
        if (!ID.test(node) || !ID.test(property)) breaches.push(`${topic}: no ids`);
        breaches.push(...propertyBreaches(topic, attributes, retained.get(topic)));
      }
    }
  }
  for (const topic of retained.keys()) if (!known.has(topic)) breaches.push(`${topic} is described nowhere`);
  return breaches;
}

function propertyBreaches(
  topic: string,
  { datatype, format, retained }: Attributes,
  value?: string,
): string[] {
  if (retained === false) return value === undefined ? [] : [`${topic}: retained, but says that it is not`];
  if (value === undefined) return [`${topic}: no value`];
  switch (datatype) {
    case "enum":
      return format?.split(",").includes(value) ? [] : [`${topic}: ${value} is none of ${format}`];
    case "boolean":
      return value === "true" || value === "false" ? [] : [`${topic}: ${value} is no boolean`];
    case "float":
      return FLOAT.test(value) ? [] : [`${topic}: ${value} is no float`];
    case "string":
      return value === "" ? [`${topic}: an empty text is one byte 0`] : [];
    default:
      return [`${topic}: no datatype ${datatype}`];
  }
}
