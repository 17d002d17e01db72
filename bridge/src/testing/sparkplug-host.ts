import { EventEmitter, once } from "node:events";
import { create, createFileRegistry, fromBinary, fromJson, type Message, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { MqttSession } from "@meanet/session";
import { foreignTopic } from "../foreign-topic.ts";

const field = (name: string, number: number, type: string, more: object = {}) => ({
  ...{ name, number, type, label: "LABEL_OPTIONAL" },
  ...more,
});
const of = (typeName: string) => ({ typeName: `.sparkplug.${typeName}` });
const value = { oneofIndex: 0 };
const repeated = { label: "LABEL_REPEATED" };

/** The messages of sparkplug_b.proto that a host of a bridge meets, by a protobuf library: what the bridge writes by hand is read another way. */
const descriptors = fromJson(FileDescriptorSetSchema, {
  file: [
    {
      name: "sparkplug_b.proto",
      package: "sparkplug",
      syntax: "proto2",
      messageType: [
        {
          name: "Payload",
          field: [
            field("timestamp", 1, "TYPE_UINT64"),
            field("metrics", 2, "TYPE_MESSAGE", { ...of("Metric"), ...repeated }),
            field("seq", 3, "TYPE_UINT64"),
          ],
        },
        {
          name: "Metric",
          oneofDecl: [{ name: "value" }],
          field: [
            field("name", 1, "TYPE_STRING"),
            field("alias", 2, "TYPE_UINT64"),
            field("timestamp", 3, "TYPE_UINT64"),
            field("datatype", 4, "TYPE_UINT32"),
            field("is_null", 7, "TYPE_BOOL"),
            field("properties", 9, "TYPE_MESSAGE", of("PropertySet")),
            field("int_value", 10, "TYPE_UINT32", value),
            field("long_value", 11, "TYPE_UINT64", value),
            field("float_value", 12, "TYPE_FLOAT", value),
            field("double_value", 13, "TYPE_DOUBLE", value),
            field("boolean_value", 14, "TYPE_BOOL", value),
            field("string_value", 15, "TYPE_STRING", value),
          ],
        },
        {
          name: "PropertySet",
          field: [
            field("keys", 1, "TYPE_STRING", repeated),
            field("values", 2, "TYPE_MESSAGE", { ...of("PropertyValue"), ...repeated }),
          ],
        },
        {
          name: "PropertyValue",
          oneofDecl: [{ name: "value" }],
          field: [field("type", 1, "TYPE_UINT32"), field("string_value", 8, "TYPE_STRING", value)],
        },
      ],
    },
  ],
});
const registry = createFileRegistry(descriptors);
const payloadType = registry.getMessage("sparkplug.Payload")!;
const metricType = registry.getMessage("sparkplug.Metric")!;

interface DecodedMetric {
  readonly name: string;
  readonly alias: bigint;
  readonly timestamp: bigint;
  readonly datatype: number;
  readonly value: { readonly case?: string; readonly value?: unknown };
  readonly properties?: {
    readonly keys: string[];
    readonly values: { readonly value: { readonly value?: unknown } }[];
  };
}

interface Decoded {
  readonly timestamp: bigint;
  readonly metrics: readonly DecodedMetric[];
  readonly seq: bigint;
}

/** Which value a data type stands in. */
const valueOfType: Readonly<Record<number, string>> = {
  4: "longValue",
  10: "doubleValue",
  11: "booleanValue",
  12: "stringValue",
};

export function decodeSparkplug(payload: Uint8Array): Decoded {
  return fromBinary(payloadType, payload) as unknown as Decoded;
}

/** A command that sets metrics, by name or alias. */
export function encodeCommand(
  metrics: readonly { name?: string; alias?: number; value: string | number | boolean }[],
): Uint8Array {
  const cases = { string: "stringValue", number: "doubleValue", boolean: "booleanValue" } as const;
  const messages = metrics.map(({ name, alias, value: written }) =>
    create(metricType, {
      ...(name === undefined ? {} : { name }),
      ...(alias === undefined ? {} : { alias: BigInt(alias) }),
      value: { case: cases[typeof written as keyof typeof cases], value: written },
    } as never),
  );
  return toBinary(
    payloadType,
    create(payloadType, { timestamp: BigInt(Date.now()), metrics: messages } as never) as Message,
  );
}

/**
 * A host application of Sparkplug B in a test: keeps the metrics of one edge node as births and data tell them, and names every
 * breach of the specification.
 */
export class SparkplugHost {
  readonly breaches: string[] = [];
  /** By device, "" for the edge node itself, then by name of the metric; a device that died has none. */
  readonly metrics = new Map<string, Map<string, unknown>>();
  /** Units by `device metric`. */
  readonly units = new Map<string, string>();
  /** `NBIRTH 0`, `DBIRTH 1 node:edge-1`, … with seq. */
  readonly log: string[] = [];
  online = false;
  /** Of the last NBIRTH. */
  bdSeq: number | undefined;
  readonly #aliases = new Map<
    bigint,
    { readonly device: string; readonly name: string; readonly datatype: number }
  >();
  readonly #events = new EventEmitter();
  readonly #session: MqttSession;
  readonly #group: string;
  readonly #node: string;
  #seq = 0;

  /** @param session - not connected yet */
  constructor(session: MqttSession, group: string, node: string) {
    this.#session = session;
    this.#group = group;
    this.#node = node;
    const delivery = { qos: 1, retain: false } as const;
    session.subscribe(foreignTopic(`spBv1.0/${group}/{type}/${node}`, delivery), {}, (message) => {
      this.#hear(message.params.type, "", message.value, message);
    });
    session.subscribe(foreignTopic(`spBv1.0/${group}/{type}/${node}/{device}`, delivery), {}, (message) => {
      this.#hear(message.params.type, message.params.device, message.value, message);
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#events, "change");
  }

  /** Alias of a metric; undefined when the birth gave none. */
  alias(device: string, name: string): number | undefined {
    for (const [alias, known] of this.#aliases) {
      if (known.device === device && known.name === name) return Number(alias);
    }
    return undefined;
  }

  async command(device: string | undefined, payload: Uint8Array): Promise<void> {
    const type = device === undefined ? "NCMD" : "DCMD";
    const levels = ["spBv1.0", this.#group, type, this.#node, ...(device === undefined ? [] : [device])];
    await this.#session.publishBytes(levels.join("/"), payload, { qos: 1, retain: false });
  }

  #hear(
    type: string,
    device: string,
    bytes: Uint8Array,
    { qos, retained }: { qos: number; retained: boolean },
  ): void {
    if (type === "NCMD" || type === "DCMD") return;
    const payload = decodeSparkplug(bytes);
    this.log.push([type, payload.seq, device].join(" ").trim());
    if (retained) this.#breach(`${type} is retained`);
    if (qos !== 0 && type !== "NDEATH") this.#breach(`${type} with QoS ${qos}`);
    if (payload.timestamp === 0n) this.#breach(`${type} without timestamp`);
    if (type === "NDEATH") this.#die(payload);
    else if (type === "NBIRTH" || this.online) this.#tell(type, device, payload);
    this.#events.emit("change");
  }

  #tell(type: string, device: string, payload: Decoded): void {
    const expected = type === "NBIRTH" ? 0 : (this.#seq + 1) % 256;
    if (Number(payload.seq) !== expected)
      this.#breach(`${type} ${device}: seq ${payload.seq}, expected ${expected}`);
    this.#seq = Number(payload.seq);
    if (type === "NBIRTH") {
      this.#aliases.clear();
      this.metrics.clear();
      this.online = true;
    }
    if (type === "DDEATH") {
      if (!this.metrics.delete(device)) this.#breach(`${device} died unborn`);
      return;
    }
    const isBirth = type.endsWith("BIRTH");
    if (!isBirth && !this.metrics.has(device)) this.#breach(`${device}: data before its birth`);
    const known = isBirth
      ? new Map<string, unknown>()
      : (this.metrics.get(device) ?? new Map<string, unknown>());
    for (const metric of payload.metrics) this.#hearMetric(isBirth, device, metric, known);
    this.metrics.set(device, known);
    if (type !== "NBIRTH") return;
    this.bdSeq = Number(known.get("bdSeq"));
    if (known.get("Node Control/Rebirth") !== false) this.#breach("NBIRTH without Node Control/Rebirth");
  }

  #hearMetric(isBirth: boolean, device: string, metric: DecodedMetric, known: Map<string, unknown>): void {
    let { name, datatype } = metric;
    if (isBirth) {
      if (name === "") this.#breach(`${device}: a birth without name`);
      if (name === "Node Control/Rebirth" && metric.alias !== 0n)
        this.#breach("Node Control/Rebirth has an alias");
      if (metric.alias !== 0n) {
        const other = this.#aliases.get(metric.alias);
        if (other !== undefined && (other.device !== device || other.name !== name))
          this.#breach(`${name}: alias taken`);
        this.#aliases.set(metric.alias, { device, name, datatype });
      }
    } else {
      const named = this.#aliases.get(metric.alias);
      if (named?.device !== device) this.#breach(`${device}: unknown alias ${metric.alias}`);
      if (name !== "") this.#breach(`${device}: a name beside an alias in data`);
      name = named?.name ?? "";
      datatype = named?.datatype ?? 0;
    }
    if (metric.value.case !== valueOfType[datatype])
      this.#breach(`${name}: ${metric.value.case} of type ${datatype}`);
    if (metric.timestamp === 0n) this.#breach(`${name} without timestamp`);
    const given = metric.value.value;
    known.set(name, typeof given === "bigint" ? Number(given) : given);
    const unit = metric.properties?.values[metric.properties.keys.indexOf("engUnit")]?.value.value;
    if (typeof unit === "string") this.units.set(`${device} ${name}`, unit);
  }

  #die({ metrics, seq }: Decoded): void {
    const [bdSeq] = metrics;
    if (metrics.length !== 1 || bdSeq?.name !== "bdSeq") this.#breach("NDEATH of other than bdSeq");
    if (seq !== 0n) this.#breach("NDEATH with seq");
    // One of an earlier connection says nothing about this one.
    if (Number(bdSeq?.value.value) !== this.bdSeq) return;
    this.online = false;
    this.metrics.clear();
  }

  #breach(text: string): void {
    this.breaches.push(text);
  }
}
