/** CONNACK return codes of MQTT 3.1.1 (§3.2.2.3) that a setting of ours can remedy. */
const returnCodes: Readonly<Record<number, string>> = {
  2: "check the node name: the broker refuses it as a client id",
  4: "check mqtt.username and mqtt.password",
  5: "the broker lets nobody in without a user, or not this one: check mqtt.username and its rights",
};

/** Codes of OpenSSL and Node for a certificate that no known authority has signed. */
const unknownAuthority = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Which setting to look at when the broker cannot be reached; undefined when that may pass by itself. */
export function connectionAdvice(error: Error | undefined): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === "number") return returnCodes[code];
  if (typeof code !== "string") return undefined;
  if (unknownAuthority.has(code))
    return "check mqtt.ca: it names the file of the broker's certificate authority";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "check mqtt.url: the broker's certificate is for another host name";
  return undefined;
}
