import { waitUntil } from "@meanet/session/testing";
import type { Forwarder, ForwarderState } from "../influx/forwarder.ts";
import type { Store } from "../store/store.ts";

/** Wakes a forwarder and waits until it has sent every change of the store, or dropped it. */
export function forwardAll(forwarder: Forwarder, store: Store): Promise<ForwarderState> {
  forwarder.wake();
  return waitUntil(
    "all is forwarded",
    () => forwarder.state(store.lastChange),
    ({ backlog }) => backlog === 0,
  );
}
