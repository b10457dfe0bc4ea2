// GPT-2's spelling of bytes as characters: printable ones stand for themselves, the others for characters from U+0100 on,
// so that any text is a string without spaces and controls (openai/gpt-2, encoder.py, bytes_to_unicode).

const CHARACTER_OF: readonly string[] = (() => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const BYTE_OF: ReadonlyMap<string, number> = new Map(CHARACTER_OF.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();
// A byte order mark is text here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The character that stands for a space. */
export const BYTE_SPACE = CHARACTER_OF[0x20];

/** The characters that stand for bytes, in the order of the bytes. */
export function byteAlphabet(): string[] {
  return [...CHARACTER_OF];
}

/** The bytes of a text, in UTF-8, as characters. */
export function bytesToCharacters(text: string): string {
  let result = "";
  for (const byte of encoder.encode(text)) result += CHARACTER_OF[byte];
  return result;
}

/** The bytes that characters stand for; those of the text itself where one stands for none. */
export function charactersToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = BYTE_OF.get(text[i]);
    if (byte === undefined) return encoder.encode(text);
    bytes[i] = byte;
  }
  return bytes;
}

/** The text of bytes in UTF-8; what is none becomes U+FFFD. */
export function textOfBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
