// Reads from a shared library what it asks of the system that it will be loaded on, and what it offers: enough of ELF,
// Mach-O and PE for that. So binaries for any platform can be checked on any platform, without its tools.
//
// ELF: System V gABI, chapters 4 and 5, and the Linux Standard Base's "Symbol Versioning". Mach-O: <mach-o/loader.h>,
// <mach-o/nlist.h>. PE: Microsoft's "PE Format".

export interface Import {
  readonly name: string;
  readonly version?: string;
  readonly library?: string;
  readonly weak: boolean;
}

export interface Binary {
  readonly format: "elf" | "mach-o" | "pe";
  readonly cpu: "x64" | "arm64";
  /** That the loader has to find. */
  readonly libraries: readonly string[];
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** The oldest macOS that the binary says it runs on. */
  readonly macos?: string;
  /** Whether it has a signature, without which macOS on arm64 loads nothing. */
  readonly signed?: boolean;
}

/** Reads a library of a format and processor that Attune has binaries for; throws for others. */
export function readBinary(bytes: Uint8Array): Binary {
  const view = new Reader(bytes);
  if (view.u32(0) === 0x464c457f) return readElf(view);
  if (view.u32(0) === 0xfeedfacf) return readMachO(view);
  if (view.u16(0) === 0x5a4d) return readPe(view);
  throw new Error("neither an ELF, a Mach-O nor a PE file");
}

/** Little-endian numbers and C strings by position. */
class Reader {
  readonly #bytes: Buffer;
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8 = (at: number): number => this.#bytes.readUInt8(at);
  u16 = (at: number): number => this.#bytes.readUInt16LE(at);
  u32 = (at: number): number => this.#bytes.readUInt32LE(at);
  u64 = (at: number): number => Number(this.#bytes.readBigUInt64LE(at));
  text(at: number): string {
    return this.#bytes.toString("latin1", at, this.#bytes.indexOf(0, at));
  }
}

function cpuOf(machine: number, x64: number, arm64: number): Binary["cpu"] {
  if (machine === x64) return "x64";
  if (machine === arm64) return "arm64";
  throw new Error(`a binary for an unknown processor (machine ${machine})`);
}

function readElf(view: Reader): Binary {
  if (view.u8(4) !== 2 || view.u8(5) !== 1) throw new Error("not a little-endian ELF file of 64 bits");
  const sections = Array.from({ length: view.u16(60) }, (_, i) => {
    const at = view.u64(40) + i * view.u16(58);
    return { type: view.u32(at + 4), offset: view.u64(at + 24), size: view.u64(at + 32), link: view.u32(at + 40) };
  });
  const ofType = (type: number) => sections.find((section) => section.type === type);

  const versions = new Map<number, string>(); // by number
  const needed = ofType(0x6ffffffe); // SHT_GNU_verneed
  for (let at = needed?.offset; needed && at !== undefined; at = next(at, view.u32(at + 12))) {
    let entry: number | undefined = at + view.u32(at + 8);
    for (; entry !== undefined; entry = next(entry, view.u32(entry + 12))) {
      versions.set(view.u16(entry + 6), view.text(sections[needed.link].offset + view.u32(entry + 8)));
    }
  }

  const symbols = ofType(11); // SHT_DYNSYM
  const dynamic = ofType(6); // SHT_DYNAMIC
  if (!symbols || !dynamic) throw new Error("not a shared library");
  const numbers = ofType(0x6fffffff); // SHT_GNU_versym
  const imports: Import[] = [];
  const exports: string[] = [];
  for (let i = 1; i < symbols.size / 24; i++) {
    const at = symbols.offset + i * 24;
    const name = view.text(sections[symbols.link].offset + view.u32(at));
    const weak = view.u8(at + 4) >> 4 === 2;
    const version = numbers ? versions.get(view.u16(numbers.offset + 2 * i) & 0x7fff) : undefined;
    if (view.u16(at + 6) === 0) imports.push({ name, version, weak });
    else exports.push(name);
  }

  const libraries: string[] = [];
  for (let at = dynamic.offset; view.u64(at) !== 0; at += 16) {
    if (view.u64(at) === 1) libraries.push(view.text(sections[dynamic.link].offset + view.u64(at + 8)));
  }
  return { format: "elf", cpu: cpuOf(view.u16(18), 62, 183), libraries, imports, exports };
}

const next = (at: number, distance: number): number | undefined => (distance === 0 ? undefined : at + distance);

function readMachO(view: Reader): Binary {
  const libraries: string[] = [];
  const imports: { name: string; ordinal?: number; weak: boolean }[] = [];
  const exports: string[] = [];
  let macos: string | undefined;
  let signed = false;
  let at = 32;
  for (let i = 0; i < view.u32(16); i++, at += view.u32(at + 4)) {
    const command = view.u32(at);
    if (command === 0xc) libraries.push(view.text(at + view.u32(at + 8))); // LC_LOAD_DYLIB
    if (command === 0x32) macos = versionOf(view.u32(at + 12)); // LC_BUILD_VERSION
    if (command === 0x24) macos = versionOf(view.u32(at + 8)); // LC_VERSION_MIN_MACOSX
    if (command === 0x1d) signed = true; // LC_CODE_SIGNATURE
    if (command !== 2) continue; // LC_SYMTAB
    const [symbols, count, strings] = [8, 12, 16].map((field) => view.u32(at + field));
    for (let entry = symbols; entry < symbols + 16 * count; entry += 16) {
      const type = view.u8(entry + 4);
      if (type & 0xe0 || !(type & 1)) continue; // for debuggers, or not external
      const name = view.text(strings + view.u32(entry)).replace(/^_/, "");
      const description = view.u16(entry + 6);
      if ((type & 0xe) !== 0) exports.push(name);
      else imports.push({ name, ordinal: libraryOf(description >> 8), weak: (description & 0x40) !== 0 });
    }
  }
  const named = imports.map(({ ordinal, ...rest }) => ({
    ...rest,
    library: ordinal === undefined ? undefined : libraries[ordinal - 1],
  }));
  const cpu = cpuOf(view.u32(4), 0x1000007, 0x100000c);
  return { format: "mach-o", cpu, libraries, imports: named, exports, macos, signed };
}

/** Number of a library in the order of the load commands; none where the name is looked up in whatever is loaded. */
const libraryOf = (ordinal: number): number | undefined => (ordinal >= 0xfd ? undefined : ordinal);
const versionOf = (packed: number): string => `${packed >> 16}.${(packed >> 8) & 255}`;

function readPe(view: Reader): Binary {
  const header = view.u32(60);
  if (view.u32(header) !== 0x4550 || view.u16(header + 24) !== 0x20b) throw new Error("not a PE file of 64 bits");
  const optional = header + 24;
  const sections = Array.from({ length: view.u16(header + 6) }, (_, i) => {
    const at = optional + view.u16(header + 20) + 40 * i;
    return { address: view.u32(at + 12), size: Math.max(view.u32(at + 8), view.u32(at + 16)), file: view.u32(at + 20) };
  });
  const place = (address: number): number => {
    const section = sections.find((s) => address >= s.address && address < s.address + s.size);
    if (!section) throw new Error(`address ${address} is in no section`);
    return section.file + address - section.address;
  };
  const directory = (i: number): number => view.u32(optional + 112 + 8 * i);

  const exports: string[] = [];
  if (directory(0) !== 0) {
    const table = place(directory(0));
    const names = place(view.u32(table + 32));
    for (let i = 0; i < view.u32(table + 24); i++) exports.push(view.text(place(view.u32(names + 4 * i))));
  }
  const libraries: string[] = [];
  const imports: Import[] = [];
  if (directory(1) !== 0) {
    for (let at = place(directory(1)); view.u32(at + 12) !== 0; at += 20) {
      const library = view.text(place(view.u32(at + 12)));
      libraries.push(library);
      for (let entry = place(view.u32(at) || view.u32(at + 16)); view.u64(entry) !== 0; entry += 8) {
        const byNumber = view.u32(entry + 4) >>> 31 === 1;
        const name = byNumber ? `#${view.u16(entry)}` : view.text(place(view.u32(entry)) + 2);
        imports.push({ name, library, weak: false });
      }
    }
  }
  return { format: "pe", cpu: cpuOf(view.u16(header + 4), 0x8664, 0xaa64), libraries, imports, exports };
}
