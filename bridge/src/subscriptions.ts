import { thumbnailType } from "@meanet/protocol";
import type { MqttSession } from "@meanet/session";
import { isSetting, type Message } from "./device-model.ts";

/**
 * Hears everything that the model is made of, of one site; of itself too.
 *
 * @param onCleared - somebody cleared the retained status of a node
 */
export function subscribeAll(
  session: MqttSession,
  hear: (message: Message) => void,
  onCleared: (node: string) => void,
): void {
  const { topics, site } = session;
  session.subscribe(
    topics.status,
    { site },
    ({ params, value }) => hear({ source: "status", id: params.node, payload: value }),
    { onCleared: ({ node }) => onCleared(node) },
  );
  session.subscribe(topics.stats, { site }, ({ params, value }) => {
    hear({ source: "stats", id: params.node, payload: value });
  });
  session.subscribe(topics.energy, { site }, ({ params, value }) => {
    hear({ source: "energy", id: params.node, payload: value });
  });
  session.subscribe(topics.state, { site }, ({ params: { edge, setting }, value }) => {
    if (isSetting(setting)) hear({ source: setting, id: edge, payload: value });
  });
  session.subscribe(topics.thumbnail, { site }, ({ params, value }) => {
    const type = thumbnailType(value);
    // The outline of a sensor window is no picture.
    if (type?.startsWith("image/")) hear({ source: "thumbnail", id: params.device, payload: { type } });
  });
  session.subscribe(topics.verdict, { site }, ({ params, value }) => {
    hear({ source: "verdict", id: params.device, payload: value });
  });
}
