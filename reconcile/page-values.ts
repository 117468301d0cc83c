import { Masked } from '../model/report.ts';
import { markup, nothing, type Piece, type Html } from './html.ts';

/** Characters that nobody can see, or that would reorder what stands beside them. */
const unseen =
  /\p{Cc}|\u034f|[\u00a0\u00ad\u061c\u115f\u2000-\u200b\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff]|\u180e/u;

/** A value's name for what cannot be seen. */
function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * Text with what cannot be seen made visible, and with it spaces at the ends.
 *
 * @param piece which piece of a value it is: within the value a space is seen by its neighbours
 */
function visible(text: string, piece: 'whole' | 'start' | 'end' = 'whole'): Piece[] {
  const characters = Array.from(text);
  const lead = piece === 'end' ? 0 : characters.findIndex((one) => one !== ' ');
  const tail = piece === 'start' ? characters.length : characters.findLastIndex((one) => one !== ' ') + 1;
  return characters.map((character, i) => {
    if (unseen.test(character)) return markup`<span class="cp">${codePoint(character)}</span>`;
    const atAnEnd = character === ' ' && (i < lead || i >= tail || lead < 0);
    return atAnEnd ? markup`<span class="cp">␣</span>` : character;
  });
}

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

function lettersOf(text: string): string[] {
  return Array.from(letters.segment(text), (one) => one.segment);
}

/** A value of unknown direction, kept from disturbing its neighbours. Null is no value, and is told from an empty text. */
export function value(text: string | null): Html {
  if (text === null) return markup`<i class="none">no value</i>`;
  if (text === '') return markup`<i class="none">empty text</i>`;
  if (text === Masked) return markup`<i class="none">withheld</i>`;
  return markup`<bdi>${visible(text)}</bdi>`;
}

/** The part of a value that differs; where the eye would see no difference, its code points as well. */
function marked(middle: string, spell: boolean): Html {
  if (middle === '') return nothing;
  const spelt = spell
    ? markup`<span class="cp">${Array.from(middle.slice(0, 24), codePoint).join(' ')}</span>`
    : nothing;
  return markup`<mark>${visible(middle)}</mark>${spelt}`;
}

/** What was meant and what was found beside each other, with the letters marked in which they part. */
export function pair(meant: string | null, found: string | null): [Html, Html] {
  if (meant === null || found === null || meant === '' || found === '' || meant === Masked || found === Masked) {
    return [value(meant), value(found)];
  }
  const one = lettersOf(meant);
  const other = lettersOf(found);
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const middle = (text: readonly string[]): string => text.slice(start, text.length - end).join('');
  // The same letters composed otherwise, or nothing but spaces: these look alike.
  const spell = middle(one) !== middle(other) && middle(one).normalize('NFKC') === middle(other).normalize('NFKC');
  const side = (text: readonly string[]): Html =>
    markup`<bdi>${visible(text.slice(0, start).join(''), 'start')}${marked(middle(text), spell)}${visible(text.slice(text.length - end).join(''), 'end')}</bdi>`;
  return [side(one), side(other)];
}
