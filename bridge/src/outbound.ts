/** A message to publish; an empty payload takes a retained one away. */
export interface Outbound {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export function retained(topic: string, text: string): Outbound {
  return { topic, payload: Buffer.from(text), qos: 1, retain: true };
}

/** Takes a retained message away. */
export function removal(topic: string): Outbound {
  return { topic, payload: new Uint8Array(), qos: 1, retain: true };
}
