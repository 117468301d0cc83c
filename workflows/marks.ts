import { Bitmap } from './bitmap.ts';

/** Which of a run's entities something is so of. It travels as one bit an entity: 5,000 names would not fit. */
export class Marks {
  readonly #names: readonly string[];
  readonly #indexOf: ReadonlyMap<string, number>;
  #bits: Bitmap;
  #size: number;

  /** @param text what an earlier execution's marks were written as */
  constructor(names: readonly string[], text?: string) {
    this.#names = names;
    this.#indexOf = new Map(names.map((name, index) => [name, index]));
    this.#bits = new Bitmap(names.length, text);
    this.#size = this.names().length;
  }

  /** How many are marked. */
  get size(): number {
    return this.#size;
  }

  has(name: string): boolean {
    const index = this.#indexOf.get(name);
    return index !== undefined && this.#bits.has(index);
  }

  set(name: string, on: boolean): void {
    const index = this.#indexOf.get(name);
    if (index === undefined || this.#bits.has(index) === on) return;
    this.#size += on ? 1 : -1;
    if (on) this.#bits.add(index);
    else this.#bits.remove(index);
  }

  clear(): void {
    this.#bits = new Bitmap(this.#names.length);
    this.#size = 0;
  }

  /** The marked ones, in the order of the plan. */
  names(): string[] {
    return this.#names.filter((_, index) => this.#bits.has(index));
  }

  toString(): string {
    return this.#bits.toString();
  }
}
