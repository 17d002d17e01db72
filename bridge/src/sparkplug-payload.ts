/**
 * Payloads of Sparkplug B in protobuf: what of sparkplug_b.proto a bridge writes and reads, field numbers as there.
 *
 * @see Sparkplug 3.0.0, §6.4.1
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { MeanetError, reasonOf } from "@meanet/runtime";

/** Data types by number. */
export const dataTypes = { int64: 4, uint64: 8, double: 10, boolean: 11, string: 12 } as const;
export type DataType = (typeof dataTypes)[keyof typeof dataTypes];

export interface Metric {
  /** In births, and where there is no alias. */
  readonly name?: string;
  readonly alias?: number;
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
  /** In births. */
  readonly datatype?: DataType;
  readonly value: string | number | boolean;
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Payload {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly metrics: readonly Metric[];
  /** 0 to 255; an NDEATH has none. */
  readonly seq?: number;
}

/** A command of a host application holds a few metrics; more is none. */
const MAX_BYTES = 64 * 1024;
const MAX_METRICS = 256;

/** @param types - data type of each metric, which messages after the birth do not repeat */
export function encodePayload({ timestamp, metrics, seq }: Payload, types: readonly DataType[]): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint64(timestamp);
  for (const [index, metric] of metrics.entries()) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writeMetric(writer, metric, types[index]!);
    writer.join();
  }
  if (seq !== undefined) writer.tag(3, WireType.Varint).uint64(seq);
  return writer.finish();
}

function writeMetric(writer: BinaryWriter, metric: Metric, type: DataType): void {
  const { name, alias, timestamp, datatype, value, properties } = metric;
  if (name !== undefined) writer.tag(1, WireType.LengthDelimited).string(name);
  if (alias !== undefined) writer.tag(2, WireType.Varint).uint64(alias);
  if (timestamp !== undefined) writer.tag(3, WireType.Varint).uint64(timestamp);
  if (datatype !== undefined) writer.tag(4, WireType.Varint).uint32(datatype);
  if (properties !== undefined) {
    writer.tag(9, WireType.LengthDelimited).fork();
    for (const key of Object.keys(properties)) writer.tag(1, WireType.LengthDelimited).string(key);
    for (const text of Object.values(properties)) {
      writer.tag(2, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.Varint).uint32(dataTypes.string);
      writer.tag(8, WireType.LengthDelimited).string(text).join();
    }
    writer.join();
  }
  switch (type) {
    case dataTypes.int64:
    case dataTypes.uint64:
      writer.tag(11, WireType.Varint).uint64(value as number);
      return;
    case dataTypes.double:
      writer.tag(13, WireType.Bit64).double(value as number);
      return;
    case dataTypes.boolean:
      writer.tag(14, WireType.Varint).bool(value as boolean);
      return;
    case dataTypes.string:
      writer.tag(15, WireType.LengthDelimited).string(value as string);
  }
}

/** A metric that someone wrote; values of other types than a number, a text or a boolean are undefined. */
export interface WrittenMetric {
  readonly name: string | undefined;
  readonly alias: number | undefined;
  readonly value: string | number | boolean | undefined;
}

/**
 * The metrics of a command.
 *
 * @throws {MeanetError} PAYLOAD_INVALID
 */
export function decodeCommand(payload: Uint8Array): WrittenMetric[] {
  if (payload.byteLength > MAX_BYTES)
    throw invalid(`${payload.byteLength} bytes, at most ${MAX_BYTES} allowed`);
  const metrics: WrittenMetric[] = [];
  try {
    const reader = new BinaryReader(payload);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field !== 2 || wire !== WireType.LengthDelimited) reader.skip(wire, field);
      else if (metrics.push(readMetric(reader.bytes())) > MAX_METRICS) throw invalid("too many metrics");
    }
  } catch (cause) {
    throw invalid(reasonOf(cause), cause);
  }
  return metrics;
}

function readMetric(bytes: Uint8Array): WrittenMetric {
  const reader = new BinaryReader(bytes);
  let name: string | undefined;
  let alias: number | undefined;
  let value: WrittenMetric["value"];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    switch (field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        alias = Number(reader.uint64());
        break;
      case 10:
        value = reader.uint32();
        break;
      case 11:
        value = Number(reader.uint64());
        break;
      case 12:
        value = reader.float();
        break;
      case 13:
        value = reader.double();
        break;
      case 14:
        value = reader.bool();
        break;
      case 15:
        value = reader.string();
        break;
      default:
        reader.skip(wire, field);
    }
  }
  return { name, alias, value };
}

function invalid(what: string, cause?: unknown): MeanetError {
  return new MeanetError("PAYLOAD_INVALID", `payload is no command of Sparkplug B: ${what}`, {}, { cause });
}
