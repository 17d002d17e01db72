import type { Connection } from "./connection.ts";

/** Aedes names its outcomes in sentences only. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^connect did not arrive/, "connect-timeout"],
  [/^keep alive timeout/, "keepalive-timeout"],
  [/^keep alive limit/, "keepalive-limit"],
  [/^Client queue limit/, "queue-limit"],
  [/^maxInflightInbound/, "inflight-limit"],
  [/too many levels/, "topic-levels"],
  [/is not allowed in PUBLISH|empty topic/, "bad-topic"],
  [/only allowed in|impossible to/, "bad-filter"],
  [/^Invalid protocol/, "protocol-error"],
  [/^unacceptable protocol/, "protocol-version"],
  [/^identifier rejected/, "identifier"],
  [/^connection closed|^Premature close/, "connection-lost"],
];

/** Why a connection ended: the broker's own reason, a lost line, one of Aedes's limits, else bytes that are not MQTT. */
export function endReason(connection: Connection | undefined, error: Error): string {
  if (connection?.reason !== undefined) return connection.reason;
  // System errors carry a code such as ECONNRESET or EPIPE.
  if ("code" in error && typeof error.code === "string") return "connection-lost";
  return sentences.find(([pattern]) => pattern.test(error.message))?.[1] ?? "malformed";
}
