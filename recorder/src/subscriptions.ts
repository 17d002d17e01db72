import type { Status } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import type { MqttSession, Subscribed } from "@meanet/session";
import type { Observation } from "./store/store.ts";
import type { ThumbnailName } from "./thumbnails/album.ts";

export interface SubscriptionOptions {
  readonly session: MqttSession;
  /** For labels and steps of trainings, published only once. Not clean: the broker keeps them while the recorder is away. */
  readonly onceSession: MqttSession;
  /** Undefined records all sites of the broker. */
  readonly site: string | undefined;
  readonly offer: (observation: Observation, acknowledge: () => void) => void;
  /** A node came or went. */
  readonly onStatus: (site: string, node: string, status: Status) => void;
  /** Somebody cleared the status of a node, which is gone for good. */
  readonly onForgotten: (site: string, node: string) => void;
  /** A small picture of a frame; undefined when none are kept. */
  readonly onThumbnail: ((name: ThumbnailName, bytes: Uint8Array) => void) | undefined;
  readonly onMisaddressed: () => void;
  readonly log: Logger;
}

interface NodeMessage<T> {
  readonly params: { readonly site: string; readonly node: string };
  readonly value: T;
  acknowledge(): void;
}

/**
 * Everything the recorder listens to. Messages are acknowledged when they are stored.
 *
 * @returns the subscriptions of `session`, whose messages can be missed: verdicts are replayed, status and stats published again
 */
export function subscribeAll(options: SubscriptionOptions): Subscribed[] {
  const { session, onceSession, site, offer, onStatus, onThumbnail } = options;
  const { topics } = session;
  const levels = site === undefined ? {} : { site };
  const byHandler = { acknowledge: "by-handler" } as const;

  const ofNode =
    <T>(toObservation: (site: string, node: string, value: T) => Observation) =>
    (message: NodeMessage<T>) => {
      const { params, value } = message;
      offer(toObservation(params.site, params.node, value), () => message.acknowledge());
    };

  onceSession.subscribe(
    topics.label,
    levels,
    (message) => {
      offer({ kind: "label", ...message.params, label: message.value.label }, () => message.acknowledge());
    },
    byHandler,
  );
  onceSession.subscribe(
    topics.training,
    levels,
    ofNode((of, name, training) => ({ kind: "training", site: of, node: name, training })),
    byHandler,
  );
  return [
    session.subscribe(
      topics.verdict,
      levels,
      (message) => {
        const { params, value } = message;
        if (value.site !== params.site || value.device !== params.device) {
          options.onMisaddressed();
          options.log.warn(
            { site: params.site, device: params.device, edge: value.edge, id: value.id },
            "a verdict names another site or device than its topic; it is left out",
          );
          message.acknowledge();
          return;
        }
        offer({ kind: "verdict", verdict: value }, () => message.acknowledge());
      },
      byHandler,
    ),
    session.subscribe(
      topics.energy,
      levels,
      ofNode((of, name, energy) => ({ kind: "energy", site: of, node: name, energy })),
      byHandler,
    ),
    session.subscribe(
      topics.stats,
      levels,
      ofNode((of, name, stats) => ({ kind: "stats", site: of, node: name, stats })),
      byHandler,
    ),
    session.subscribe(
      topics.status,
      levels,
      (message) => {
        const { params, value } = message;
        onStatus(params.site, params.node, value);
        offer({ kind: "status", ...params, status: value }, () => message.acknowledge());
      },
      { ...byHandler, onCleared: (params) => options.onForgotten(params.site, params.node) },
    ),
    ...(onThumbnail === undefined
      ? []
      : [
          session.subscribe(topics.thumbnail, levels, ({ params, value }) => {
            onThumbnail(params, value);
          }),
        ]),
  ];
}
