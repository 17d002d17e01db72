import { type HttpOptions, isMeanetError, reasonOf } from "@meanet/runtime";

/** The listener that routes are added to. */
export type Server = Parameters<NonNullable<HttpOptions["routes"]>>[0];
export type Reply = Parameters<Parameters<Server["setErrorHandler"]>[0]>[2];

const statuses: Readonly<Record<string, number>> = {
  QUERY_INVALID: 400,
  HOST_REFUSED: 403,
  FRAME_UNKNOWN: 404,
  THUMBNAIL_UNKNOWN: 404,
  QUERY_BUSY: 503,
};

/** Whatever a route throws is answered by {@link sendError}. */
export function answerErrors(server: Server): void {
  server.setErrorHandler((error, _request, reply) => sendError(reply, error));
}

/** Answers with `{ error, reason }` under the status of its code; not to be cached, the next answer may differ. */
function sendError(reply: Reply, error: unknown): Reply {
  const code = isMeanetError(error) ? error.code : "INTERNAL";
  const reason = reasonOf(error);
  return reply
    .code(statuses[code] ?? 500)
    .header("cache-control", "no-store")
    .send({ error: code, reason });
}
