/** What devices send, each on its own topic: pictures on `frame`, sensor windows on `window`. A bundle takes one kind. */
export const inputKinds = ["image", "window"] as const;
export type InputKind = (typeof inputKinds)[number];

/** For messages. */
export const inputNames: Readonly<Record<InputKind, string>> = {
  image: "pictures",
  window: "sensor windows",
};
