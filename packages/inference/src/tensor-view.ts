/** Numbers of a tensor in row-major order. uint8 holds bool too. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** A tensor as plain data, free of any runtime: what crosses threads. `dims` multiply to `data.length`. */
export interface TensorView {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

export type TensorViews = Readonly<Record<string, TensorView>>;

/**
 * The buffers of `views` to hand over to another thread, and the views to send.
 *
 * A view that fills its buffer is transferred, without a copy: the sender's array has length 0 afterwards. A view into a
 * larger or shared buffer (a pooled `Buffer`, a data set) is copied, so that its neighbours stay with the sender.
 */
export function toTransfer(views: TensorViews): { views: TensorViews; buffers: ArrayBuffer[] } {
  const buffers = new Set<ArrayBuffer>();
  const sent: Record<string, TensorView> = {};
  for (const [name, { data, dims }] of Object.entries(views)) {
    const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer;
    const own = whole ? data : copyOf(data);
    if (own.buffer instanceof ArrayBuffer) buffers.add(own.buffer);
    sent[name] = { data: own, dims: [...dims] };
  }
  return { views: sent, buffers: [...buffers] };
}

/** `slice` of a `Buffer` is a view on the same pool; of every other typed array it is a copy. */
function copyOf(data: TensorData): TensorData {
  return data instanceof Uint8Array ? new Uint8Array(data) : data.slice();
}
