export { type Config, configSchema, type InfluxConfig } from "./config.ts";
export { connectInflux, type InfluxServer } from "./influx/influx-server.ts";
export { type RunningRecorder, start } from "./main.ts";
export { runInfluxQuery } from "./queries/influxql.ts";
export { type Grouping, groupings, type QueryName, queries, queryNames } from "./queries/named-queries.ts";
export { type QueryOptions, queryOptionsSchema } from "./queries/query-options.ts";
export type { Cell, QueryResult } from "./queries/query-result.ts";
export { runQuery } from "./queries/sql.ts";
export type { StoreState } from "./store-state.ts";
