import type { IClientOptions } from "mqtt";

/** A message that the broker publishes when the client vanishes. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** The will as mqtt.js takes it, or none. */
export function willOption(will: Will | undefined): Pick<IClientOptions, "will"> {
  if (will === undefined) return {};
  const { topic, payload, qos, retain } = will;
  return { will: { topic, payload: Buffer.from(payload), qos, retain } };
}
