// Copies of short runs of numbers, as rows of token ids are: V8 takes longer to allocate a typed array's memory, where it is
// more than a few elements, than to fill it. So such copies lie in larger buffers that they share, as small Buffers of
// Node's do.

const SHARED_BYTES = 8 << 10; // what one copy that is kept can keep alive, and what posting one to a thread copies
const MOST_BYTES = 1 << 10;
const LEAST_BYTES = 64; // V8 keeps what is no larger within its own heap, which costs nothing

export type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array;

let shared = new ArrayBuffer(SHARED_BYTES);
let taken = 0;

/** What copies elements `start` to `end` - 1 of `numbers` into an array of the same type: nobody else sees it. */
export function copier<Numbers extends NumberArray>(numbers: Numbers): (start: number, end: number) => Numbers {
  const width = numbers.BYTES_PER_ELEMENT;
  const make = numbers.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => Numbers;
  return (start, end) => {
    const length = end - start;
    const bytes = length * width;
    if (bytes <= LEAST_BYTES || bytes > MOST_BYTES) return numbers.slice(start, end) as Numbers;
    if (taken + bytes > SHARED_BYTES) {
      shared = new ArrayBuffer(SHARED_BYTES);
      taken = 0;
    }
    const copy = new make(shared, taken, length);
    taken += (bytes + 7) & ~7; // the next one may have elements of eight bytes
    for (let i = 0; i < length; i++) copy[i] = numbers[start + i];
    return copy;
  };
}
