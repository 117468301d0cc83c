/** Which of many chunks are done, in one bit each: 50,000 chunks are 6 KiB. */
export class Bitmap {
  readonly #bytes: Uint8Array;

  constructor(size: number, text = '') {
    this.#bytes = new Uint8Array(Math.ceil(size / 8));
    for (let i = 0; i < this.#bytes.length && i * 2 < text.length; i += 1) {
      this.#bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
    }
  }

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  add(index: number): void {
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (1 << (index & 7));
  }

  remove(index: number): void {
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) & ~(1 << (index & 7));
  }

  /** Hexadecimal, two digits a byte. */
  toString(): string {
    return Array.from(this.#bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
