/** Brokers and networks for tests of whatever speaks MQTT: `@meanet/session/testing`. */
export { freePort, type Mosquitto, startMosquitto } from "./mosquitto.ts";
export { waitUntil } from "./wait-until.ts";
export { openWire, type Wire } from "./wire.ts";
