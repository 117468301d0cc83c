import { distance } from 'fastest-levenshtein';
import { singular, wordsOf } from './names.ts';

/** Words that business systems use for the same thing, each with the one that is compared. */
const synonyms: Record<string, string> = {
  organisation: 'account',
  organization: 'account',
  company: 'account',
  customer: 'account',
  client: 'account',
  firm: 'account',
  person: 'contact',
  people: 'contact',
  line: 'detail',
  item: 'detail',
  position: 'detail',
  note: 'annotation',
  phone: 'telephone',
  tel: 'telephone',
  mail: 'email',
  surname: 'lastname',
  familyname: 'lastname',
  forename: 'firstname',
  givenname: 'firstname',
  homepage: 'websiteurl',
  website: 'websiteurl',
  dob: 'birthdate',
  birthday: 'birthdate',
  dateofbirth: 'birthdate',
  zip: 'postalcode',
  postcode: 'postalcode',
  amount: 'totalamount',
  remark: 'description',
};

/** A name in the forms that it may be compared in; with how much of it each form keeps. */
function formsOf(name: string, without: readonly string[]): { text: string; worth: number }[] {
  const words = wordsOf(name);
  const plain = words.map((word, index) => (index === words.length - 1 ? singular(word) : word));
  const forms = [{ words: plain, worth: 1 }];
  // A publisher's prefix (`crm_`), or the name of the table itself.
  if (plain.length > 1 && without.includes(plain[0] ?? '')) forms.push({ words: plain.slice(1), worth: 0.98 });
  return forms.flatMap(({ words: list, worth }) => {
    const text = list.join('');
    const whole = synonyms[text];
    const parts = list.map((word) => synonyms[word] ?? word).join('');
    const others = [...new Set([whole ?? text, parts, text.replace(/\d+$/, '')])].filter(
      (one) => one !== text && one !== '',
    );
    return [{ text, worth }, ...others.map((one) => ({ text: one, worth: worth * 0.85 }))];
  });
}

function alike(a: string, b: string, parts: boolean): number {
  if (a === b) return 1;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (parts && short.length >= 4 && (long.startsWith(short) || long.endsWith(short)))
    return 0.65 + (0.2 * short.length) / long.length;
  const near = 1 - distance(a, b) / long.length;
  return short.length >= 5 && near >= 0.8 ? near * 0.85 : 0;
}

/** From this on a likeness is no longer a doubt. */
export const Sure = 0.95;
/** Below this it says nothing. */
const Least = 0.62;

/**
 * How alike two names are, from 0 to 1.
 *
 * @param without first words that say nothing in either
 * @param options.parts whether one that begins or ends with the other counts: of fields it does, of tables it misleads
 */
export function likeness(
  a: string,
  b: string,
  without: readonly string[],
  { parts }: { parts: boolean } = { parts: true },
): number {
  let best = 0;
  for (const x of formsOf(a, without)) {
    for (const y of formsOf(b, without)) best = Math.max(best, alike(x.text, y.text, parts) * x.worth * y.worth);
  }
  return best >= Least ? best : 0;
}

export interface Match<A, B> {
  a: A;
  b: B;
  score: number;
}

/** Pairs what is most alike first; each of both sides at most once. */
export function pairs<A, B>(as: readonly A[], bs: readonly B[], scoreOf: (a: A, b: B) => number): Match<A, B>[] {
  const all = as.flatMap((a) => bs.map((b) => ({ a, b, score: scoreOf(a, b) }))).filter((one) => one.score > 0);
  const takenA = new Set<A>();
  const takenB = new Set<B>();
  return all
    .sort((x, y) => y.score - x.score)
    .filter(({ a, b }) => {
      if (takenA.has(a) || takenB.has(b)) return false;
      takenA.add(a);
      takenB.add(b);
      return true;
    });
}

/** First words that many of the names share: prefixes of publishers and modules. */
export function prefixes(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const words = wordsOf(name);
    if (words.length > 1) counts.set(words[0] ?? '', (counts.get(words[0] ?? '') ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= 3).map(([word]) => word);
}
