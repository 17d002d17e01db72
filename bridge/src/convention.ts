import type { Model } from "./device-model.ts";

/** The names by which conventions are asked for. */
export const conventionNames = ["home-assistant", "homie", "sparkplug"] as const;
export type ConventionName = (typeof conventionNames)[number];

/** A convention at work: it is told of every change, and publishes what follows from it. */
export interface Convention {
  /** Resolves with its first connection. @throws {MeanetError} BROKER_UNREACHABLE, still trying */
  connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  /** Connected, with every subscription granted. */
  readonly ready: boolean;
  /** Called often; does nothing when nothing has changed. */
  update(model: Model): void;
  /** Says goodbye where the convention knows how. */
  stop(): Promise<void>;
}
