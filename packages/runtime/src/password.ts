import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<
  string | Buffer,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** 16 MiB and some 50 ms per check: OWASP's smallest set of scrypt parameters that allows many clients to come back at once. */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const;
const KEY_BYTES = 32;
/** `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export const PASSWORD_HASH =
  /^scrypt\$(\d{4,6})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{22,})\$([A-Za-z0-9_-]{43})$/;

/** Hash of a password for the configuration: `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await deriveKey(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** A hash no password fits: checking against it costs what a known user's check costs. */
export const NOBODY = ["scrypt", COST.N, COST.r, COST.p, "A".repeat(22), "A".repeat(43)].join("$");

/** Whether `password` is the one `hash` was made of. */
export async function verifyPassword(password: string | Buffer, hash: string): Promise<boolean> {
  const [, N, r, p, salt, key] = PASSWORD_HASH.exec(hash) ?? [];
  if (key === undefined) return false;
  const expected = Buffer.from(key, "base64url");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return timingSafeEqual(await deriveKey(password, Buffer.from(salt!, "base64url"), cost), expected);
}

function deriveKey(
  password: string | Buffer,
  salt: Buffer,
  cost: { N: number; r: number; p: number },
): Promise<Buffer> {
  return derive(password, salt, KEY_BYTES, { ...cost, maxmem: 256 * cost.N * cost.r });
}
