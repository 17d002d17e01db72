import { requireCount } from "./source.ts";

/**
 * Power of a radio while it sends: `P = alpha · throughput + beta`.
 *
 * @see Huang et al., A Close Examination of Performance and Power Characteristics of 4G LTE Networks, MobiSys 2012, table 4
 */
export interface Uplink {
  readonly name: string;
  readonly alphaMwPerMbps: number;
  readonly betaMw: number;
  /** Average uplink throughput. */
  readonly throughputMbps: number;
  readonly source: string;
}

const huang =
  "alpha and beta: Huang et al., MobiSys 2012; throughput: averages often used with them (DADS, INFOCOM 2019)";

export const uplinks = {
  wifi: { name: "wifi", alphaMwPerMbps: 283.17, betaMw: 132.86, throughputMbps: 18.88, source: huang },
  lte: { name: "lte", alphaMwPerMbps: 438.39, betaMw: 1288.04, throughputMbps: 5.85, source: huang },
  "3g": { name: "3g", alphaMwPerMbps: 868.98, betaMw: 817.88, throughputMbps: 1.1, source: huang },
} as const satisfies Record<string, Uplink>;

export type UplinkName = keyof typeof uplinks;

/** Watts of the radio while it sends. */
export function uplinkPowerW(uplink: Uplink): number {
  return (uplink.alphaMwPerMbps * uplink.throughputMbps + uplink.betaMw) / 1000;
}

/** Seconds that `bytes` take. @throws {MeanetError} ENERGY_INPUT_INVALID */
export function uplinkS(uplink: Uplink, bytes: number): number {
  return (requireCount("bytes", bytes) * 8) / (uplink.throughputMbps * 1e6);
}

/**
 * Joules to send `bytes`: power times time. Linear in bytes: tail energy and retransmissions are not in the model.
 *
 * @param bytes - payload as sent, all attempts
 * @throws {MeanetError} ENERGY_INPUT_INVALID
 */
export function uplinkJ(uplink: Uplink, bytes: number): number {
  return uplinkPowerW(uplink) * uplinkS(uplink, bytes);
}
