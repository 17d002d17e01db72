import { fieldType } from "./measurements.ts";
import type { Point } from "./point.ts";

/**
 * A point in line protocol, as every InfluxDB reads it: `measurement,tag=value field=1i,other="text" 1700000000000000000`.
 *
 * Fields stand in the order of their names. Tags come without line ends and backslashes: the guard of tags sees to it.
 *
 * @see https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
 */
export function toLine({ measurement, tags, fields, timestamp }: Point): string {
  const key = [
    measurement,
    ...Object.entries(tags).map(([name, value]) => `${escaped(name)}=${escaped(value)}`),
  ];
  const values = Object.keys(fields)
    .sort()
    .map((name) => `${escaped(name)}=${fieldValue(measurement, name, fields[name]!)}`);
  return `${key.join(",")} ${values.join(",")} ${timestamp}`;
}

function fieldValue(measurement: Point["measurement"], name: string, value: string | number): string {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  return fieldType(measurement, name) === "integer" ? `${Math.floor(value)}i` : String(value);
}

/** Of a name or a tag. */
function escaped(text: string): string {
  return text.replace(/[,= ]/g, "\\$&");
}
