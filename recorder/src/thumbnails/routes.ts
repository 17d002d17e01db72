import { idSchema as id } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import type { Reply, Server } from "../http/errors.ts";
import type { Origins } from "../http/origins.ts";
import type { Album, KeptThumbnail } from "./album.ts";

export interface ThumbnailSources {
  /** Undefined: this recorder keeps no thumbnails. */
  readonly album: Album | undefined;
  /** Whose devices are meant when a request does not say. */
  readonly site: string;
  readonly origins: Origins;
  readonly now: () => number;
}

const pathSchema = z.object({ device: id, id: id.optional() });
const siteSchema = z.strictObject({ site: id.optional() });
const listSchema = siteSchema.extend({
  device: id.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const thumbnailsSchema = listSchema.extend({ latest: z.enum(["true", "false"]).default("false") });

/**
 * `GET /thumbnail/{device}`, `/thumbnail/{device}/{id}`, `/thumbnails`, `/disagreements`, each with `?site=`.
 *
 * Only pages of this machine and of configured origins may read or embed them.
 */
export function addThumbnailRoutes(server: Server, sources: ThumbnailSources): void {
  void server.register(async (scope) => {
    scope.addHook("onRequest", async (request, reply) => {
      const from = sources.origins.allowed(request.headers.referer);
      reply.headers({
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        // Shown by an <img> of an allowed page, whose request has no Origin.
        "cross-origin-resource-policy": from === undefined ? "same-site" : "cross-origin",
      });
    });

    for (const path of ["/thumbnail/:device", "/thumbnail/:device/:id"]) {
      scope.get(path, (request, reply) => {
        const { device, id: frame } = read(pathSchema, request.params);
        const { site = sources.site } = read(siteSchema, request.query);
        const album = albumOf(sources);
        const found =
          frame === undefined ? album.latest(site, device) : album.get({ site, device, id: frame });
        if (found === undefined) throw unknownThumbnail(site, device, frame);
        return sendThumbnail(reply, found, {
          seen: request.headers["if-none-match"],
          // The latest is soon another one.
          cache: frame === undefined ? "private, no-cache" : "private, max-age=300",
        });
      });
    }

    scope.get("/thumbnails", (request) => {
      const { site = sources.site, latest, ...options } = read(thumbnailsSchema, request.query);
      const album = albumOf(sources);
      return latest === "true" && options.device === undefined
        ? album.listDevices({ site, ...options })
        : album.list({ site, ...options, limit: latest === "true" ? 1 : options.limit });
    });

    scope.get("/disagreements", (request) => {
      const { site = sources.site, ...options } = read(listSchema, request.query);
      return albumOf(sources).listDisagreements({ site, ...options }, sources.now());
    });
  });
}

function sendThumbnail(
  reply: Reply,
  { id: frame, type, bytes, version }: KeptThumbnail,
  { seen, cache }: { readonly seen: string | undefined; readonly cache: string },
): Reply {
  const etag = `"${version}"`;
  reply.headers({ etag, "cache-control": cache, "meanet-frame": frame });
  const isSeen = seen?.split(/\s*,\s*/).some((one) => one.replace(/^W\//, "") === etag);
  if (isSeen) return reply.code(304).send();
  return reply.type(type).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function albumOf({ album }: ThumbnailSources): Album {
  if (album !== undefined) return album;
  throw new MeanetError(
    "THUMBNAIL_UNKNOWN",
    "this recorder keeps no thumbnails: set thumbnails.enabled, and thumbnails.every of the edge nodes",
  );
}

function unknownThumbnail(site: string, device: string, frame: string | undefined): MeanetError {
  const of = frame === undefined ? `device ${device}` : `frame ${frame} of device ${device}`;
  return new MeanetError(
    "THUMBNAIL_UNKNOWN",
    `there is no thumbnail of ${of} at site ${site}: it was not published, or has been deleted since; /thumbnails lists those there are`,
    { site, device, id: frame },
  );
}

/** @throws {MeanetError} QUERY_INVALID */
function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new MeanetError("QUERY_INVALID", z.prettifyError(result.error).slice(0, 500));
}
