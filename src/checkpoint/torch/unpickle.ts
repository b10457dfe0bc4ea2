// A pickle machine that can make tensors, numbers, text and containers, and nothing else. Python's own runs whatever
// function a pickle names; this one knows a short list of names, none of which does anything but describe data, and stops
// with an error at any other. The opcodes are those of pickle protocols 0 to 5 (Lib/pickletools.py describes each).
import { FileFormatError, UnsafePickleError } from "../../support/errors.js";
import type { TorchValue } from "./values.js";

/** A name that a pickle may use: what calling it with arguments gives. */
export type Callable = (args: readonly unknown[]) => unknown;

/** What stands behind the names and ids of a pickle. Everything outside of it is refused. */
export interface PickleWorld {
  /** A global: a Callable, a plain value, or undefined for what is not allowed. */
  readonly find: (module: string, name: string) => unknown;
  /** An object that the file keeps outside of the pickle (torch: a storage). */
  readonly persistent: (id: unknown) => unknown;
}

/** The pickle ended before its STOP. */
export class UnfinishedPickleError extends FileFormatError {}

const MARK = Symbol("mark");
/** The longest integer that is decoded: 1,024 bytes. None in a checkpoint comes near; Python itself has limits too. */
const MAX_INTEGER_BYTES = 1024;

/**
 * Runs the pickle that begins at `start` of `bytes`.
 * @param where the file, for messages
 * @returns the value, and where the pickle ends
 * @throws UnsafePickleError for a name or an operation that is not on the list; nothing of the file is ever executed
 * @throws FileFormatError for a damaged pickle (UnfinishedPickleError where it only lacks its end)
 */
export function unpickle(
  where: string,
  bytes: Uint8Array,
  world: PickleWorld,
  start = 0,
): { value: TorchValue; end: number } {
  const machine = new Machine(where, bytes, world, start);
  const value = machine.run();
  return { value: value as TorchValue, end: machine.position };
}

class Machine {
  position: number;
  readonly #where: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #world: PickleWorld;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #start: number;

  constructor(where: string, bytes: Uint8Array, world: PickleWorld, start: number) {
    this.#where = where;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#world = world;
    this.#start = start;
    this.position = start;
  }

  run(): unknown {
    for (;;) {
      const at = this.position;
      const opcode = this.#uint8();
      if (opcode === 0x2e) {
        // STOP
        const value = this.#pop();
        if (this.#stack.length > 0) throw this.#damaged(at, "values are left over at its end");
        return value;
      }
      this.#execute(opcode, at);
    }
  }

  #execute(opcode: number, at: number): void {
    switch (opcode) {
      // structure
      case 0x80: // PROTO
        if (this.#uint8() > 5) throw this.#damaged(at, "its protocol is not one of 0 to 5");
        return;
      case 0x95: // FRAME: the length of what follows, which only a stream needs
        this.#take(8);
        return;
      case 0x28: // MARK
        this.#push(MARK);
        return;
      case 0x30: // POP
        this.#stack.pop();
        return;
      case 0x31: // POP_MARK
        this.#popToMark();
        return;
      case 0x32: // DUP
        this.#push(this.#top());
        return;

      // constants
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        this.#push(opcode === 0x88);
        return;
      case 0x4a: // BININT
        this.#push(this.#view.getInt32(this.#take(4), true));
        return;
      case 0x4b: // BININT1
        this.#push(this.#uint8());
        return;
      case 0x4d: // BININT2
        this.#push(this.#view.getUint16(this.#take(2), true));
        return;
      case 0x8a: // LONG1
        this.#push(this.#integer(this.#uint8()));
        return;
      case 0x8b: // LONG4
        this.#push(this.#integer(this.#uint32()));
        return;
      case 0x49: // INT
      case 0x4c: // LONG
        this.#push(this.#decimal(at));
        return;
      case 0x47: // BINFLOAT, big-endian
        this.#push(this.#view.getFloat64(this.#take(8), false));
        return;
      case 0x46: // FLOAT
        this.#push(this.#decimalFloat(at));
        return;
      case 0x58: // BINUNICODE
        this.#push(this.#text(this.#uint32()));
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#text(this.#uint8()));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(this.#uint64()));
        return;
      case 0x56: // UNICODE
        this.#push(this.#line());
        return;
      case 0x54: // BINSTRING, as Python 2 wrote str
        this.#push(this.#text(this.#uint32()));
        return;
      case 0x55: // SHORT_BINSTRING
        this.#push(this.#text(this.#uint8()));
        return;
      case 0x42: // BINBYTES
        this.#push(this.#slice(this.#uint32()));
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#slice(this.#uint8()));
        return;
      case 0x8e: // BINBYTES8
        this.#push(this.#slice(this.#uint64()));
        return;

      // containers
      case 0x5d: // EMPTY_LIST
        this.#push([]);
        return;
      case 0x7d: // EMPTY_DICT
        this.#push(new Map());
        return;
      case 0x8f: // EMPTY_SET
        this.#push(new Set());
        return;
      case 0x29: // EMPTY_TUPLE
        this.#push([]);
        return;
      case 0x6c: // LIST
      case 0x74: // TUPLE
        this.#push(this.#popToMark());
        return;
      case 0x91: // FROZENSET
        this.#push(new Set(this.#popToMark()));
        return;
      case 0x64: // DICT
        this.#push(this.#setItems(new Map(), this.#popToMark(), at));
        return;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: opcode - 0x84 }, () => this.#pop());
        this.#push(items.reverse());
        return;
      }
      case 0x61: // APPEND
        this.#append([this.#pop()], at);
        return;
      case 0x65: // APPENDS
        this.#append(this.#popToMark(), at);
        return;
      case 0x73: {
        // SETITEM
        const value = this.#pop();
        const key = this.#pop();
        this.#setItems(this.#top(), [key, value], at);
        return;
      }
      case 0x75: {
        // SETITEMS
        const items = this.#popToMark();
        this.#setItems(this.#top(), items, at);
        return;
      }
      case 0x90: {
        // ADDITEMS
        const items = this.#popToMark();
        const set = this.#top();
        if (!(set instanceof Set)) throw this.#damaged(at, "it adds items to what is no set");
        for (const item of items) set.add(item);
        return;
      }

      // memo
      case 0x70: // PUT
        this.#memo.set(Number(this.#line()), this.#top());
        return;
      case 0x71: // BINPUT
        this.#memo.set(this.#uint8(), this.#top());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#uint32(), this.#top());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 0x67: // GET
        this.#push(this.#remembered(Number(this.#line()), at));
        return;
      case 0x68: // BINGET
        this.#push(this.#remembered(this.#uint8(), at));
        return;
      case 0x6a: // LONG_BINGET
        this.#push(this.#remembered(this.#uint32(), at));
        return;

      // names and calls
      case 0x63: // GLOBAL
        this.#push(this.#global(this.#line(), this.#line(), at));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop();
        const module = this.#pop();
        this.#push(this.#global(String(module), String(name), at));
        return;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = this.#pop();
        const callable = this.#pop();
        if (typeof callable !== "function" || !Array.isArray(args)) {
          throw this.#refused(at, "it calls something that is not on the list of what may be called");
        }
        this.#push((callable as Callable)(args));
        return;
      }
      case 0x62: {
        // BUILD: attributes of an object; those of a state dict (_metadata) carry no weights
        this.#pop();
        if (!(this.#top() instanceof Map)) throw this.#refused(at, "it sets attributes of an object");
        return;
      }
      case 0x51: // BINPERSID
        this.#push(this.#world.persistent(this.#pop()));
        return;
      default:
        throw this.#refused(at, `it uses the operation 0x${opcode.toString(16).padStart(2, "0")}`);
    }
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0 || this.#top() === MARK)
      throw this.#damaged(this.position, "it takes what is not there");
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw this.#damaged(this.position, "it takes what is not there");
    return this.#stack[this.#stack.length - 1];
  }

  #popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#damaged(this.position, "a mark is missing");
    const items = this.#stack.splice(mark);
    items.shift();
    return items;
  }

  #append(items: readonly unknown[], at: number): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged(at, "it appends to what is no list");
    for (const item of items) list.push(item);
  }

  #setItems(target: unknown, items: readonly unknown[], at: number): unknown {
    if (!(target instanceof Map)) throw this.#refused(at, "it sets items of what is no dict");
    if (items.length % 2 !== 0) throw this.#damaged(at, "a key has no value");
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
    return target;
  }

  #global(module: string, name: string, at: number): unknown {
    const found = this.#world.find(module, name);
    if (found === undefined) throw this.#refused(at, `it names ${JSON.stringify(`${module}.${name}`)}`);
    return found;
  }

  #remembered(index: number, at: number): unknown {
    if (!this.#memo.has(index)) throw this.#damaged(at, `nothing was remembered as ${index}`);
    return this.#memo.get(index);
  }

  /** Where `length` bytes begin, which are then behind. */
  #take(length: number): number {
    const begin = this.position;
    if (!(length <= this.#bytes.length - begin)) {
      throw new UnfinishedPickleError(
        `${this.#where}: the pickle is damaged or truncated: it goes on where its ${this.#bytes.length} bytes end`,
      );
    }
    this.position += length;
    return begin;
  }

  #slice(length: number): Uint8Array {
    const begin = this.#take(length);
    return this.#bytes.slice(begin, begin + length);
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)];
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  #text(length: number): string {
    const begin = this.#take(length);
    return new TextDecoder().decode(this.#bytes.subarray(begin, begin + length));
  }

  /** Up to the next line feed, without it. */
  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    const length = (end < 0 ? this.#bytes.length : end) - this.position;
    const text = this.#text(length);
    this.#take(1);
    return text;
  }

  /** Two's complement, little-endian. */
  #integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) throw this.#damaged(this.position, `it holds an integer of ${length} bytes`);
    const begin = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[begin + i]);
    if (length > 0 && this.#bytes[begin + length - 1] >= 0x80) value -= 1n << BigInt(8 * length);
    return narrowed(value);
  }

  #decimal(at: number): number | bigint | boolean {
    const text = this.#line();
    if (text === "00" || text === "01") return text === "01"; // protocol 0's False and True
    if (!/^-?\d{1,600}L?$/.test(text)) throw this.#damaged(at, `${JSON.stringify(text.slice(0, 20))} is no integer`);
    return narrowed(BigInt(text.replace("L", "")));
  }

  #decimalFloat(at: number): number {
    const text = this.#line();
    const value = Number(text.replace(/^(-?)inf$/, "$1Infinity"));
    if (Number.isNaN(value) && text !== "nan") throw this.#damaged(at, `${JSON.stringify(text)} is no number`);
    return value;
  }

  #damaged(at: number, what: string): FileFormatError {
    return new FileFormatError(`${this.#where}: the pickle is damaged: ${what} (byte ${at - this.#start})`);
  }

  #refused(at: number, what: string): UnsafePickleError {
    return new UnsafePickleError(
      `${this.#where}: refused: ${what} (byte ${at - this.#start} of its pickle), and only tensors, numbers, text and containers ` +
        "are read. Nothing of it was executed. If you trust the file, convert it to safetensors with Python",
    );
  }
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
