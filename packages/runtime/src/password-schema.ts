import { z } from "zod";
import { PASSWORD_HASH } from "./password.ts";

/** A setting that holds a password's hash, never the password. */
export const passwordHashSchema = z
  .string()
  .regex(PASSWORD_HASH, "expected a hash as `meanet broker hash-password` prints it, scrypt$N$r$p$salt$key");
