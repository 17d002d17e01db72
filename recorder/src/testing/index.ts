/** A real InfluxDB, the recorder's own database, and bounded waits on real state, for tests of whatever works with a recorder: `@meanet/recorder/testing`. */

export { waitUntil } from "@meanet/session/testing";
export { openSqliteStore } from "../store/sqlite-store.ts";
export { type Influxd, startInfluxd } from "./influxd.ts";
export { answered } from "./verdicts.ts";
