/** A real InfluxDB, and bounded waits on real state, for tests of whatever works with a recorder: `@meanet/recorder/testing`. */

export { waitUntil } from "@meanet/session/testing";
export { type Influxd, startInfluxd } from "./influxd.ts";
