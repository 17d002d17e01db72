import { waitUntil } from "@meanet/session/testing";
import type { Forwarder, ForwarderState } from "../influx/forwarder.ts";

/** Wakes a forwarder and waits until it has sent every change of its store, or dropped it. */
export function forwardAll(forwarder: Forwarder): Promise<ForwarderState> {
  forwarder.wake();
  return waitUntil(
    "all is forwarded",
    () => forwarder.state,
    ({ backlog }) => backlog === 0,
  );
}
