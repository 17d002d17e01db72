export { type BrokerConfig, configSchema } from "./config.ts";
export { type BrokerAddresses, type RunningBroker, start } from "./main.ts";
