// The words that the embedded corpus is written with: sets of words of one meaning, grouped by the place they can take
// in a sentence. Words of one set may stand for each other; words of two sets of the same group never do. No word
// stands in two sets, so that a word always has one meaning (test/embedded/sample.test.ts checks it).

/** Words, or short phrases, of one meaning. The grammar compares meanings by the identity of these objects. */
export interface Meaning {
  readonly forms: readonly string[];
}

/** One line a meaning, its words separated by " / ". */
function meanings(lines: string): Meaning[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => ({ forms: line.split("/").map((form) => form.trim()) }));
}

/** The plural of one of `things`. */
export function plural(noun: string): string {
  if (/(s|x|ch|sh)$/.test(noun)) return `${noun}es`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}s`;
}

export const people = meanings(`
  doctor / physician
  lawyer / attorney
  teacher / instructor
  author / writer
  child / kid
  thief / robber
  pupil / student
  professor / lecturer
  manager / boss
  painter / artist
  singer / vocalist
  barber / hairdresser
  priest / clergyman
  reporter / journalist
  visitor / guest
  assistant / helper
`);

export const things = meanings(`
  car / automobile
  carpet / rug
  gift / present
  photo / picture
  cup / mug
  bag / sack
  stone / rock
  coat / jacket
  hat / cap
  bike / bicycle
  box / crate
  bottle / flask
  bucket / pail
  purse / handbag
  package / parcel
  plate / dish
`);

/** What is done to things: the past tense and, where it differs, the participle. */
export const thingVerbs = meanings(`
  repaired / fixed
  hid:hidden / concealed
  tossed / threw:thrown
  washed / cleaned
  broke:broken / smashed
  lifted / raised
  chose:chosen / selected
  inspected / examined
  found / discovered
  carried / transported
  dragged / pulled
  pushed / shoved
`);

/** What is done to people, written alike. */
export const personVerbs = meanings(`
  helped / assisted
  hit / struck
  met / encountered
  called / telephoned
  followed / chased
  scolded / reprimanded
  praised / commended
  tricked / deceived
  warned / alerted
  scared / frightened
  saved / rescued
  hired / employed
`);

/** A thing changes hands: told from the giver's side, and from the receiver's ("sold it to her", "bought it from him"). */
export const transfers = meanings(`
  sold:bought / sold:purchased
  gave:received / gave:got
  lent:borrowed / loaned:borrowed
  handed:took / passed:accepted
`);

export const personAdjectives = meanings(`
  smart / clever
  happy / cheerful
  sad / gloomy
  angry / furious
  rich / wealthy
  poor / penniless
  brave / courageous
  thin / slim
  tired / weary
  elderly / aged
`);

export const thingAdjectives = meanings(`
  big / large
  small / little
  cheap / inexpensive
  costly / expensive
  old / ancient
  wet / damp
  dirty / filthy
  heavy / weighty
  hard / solid
  fake / counterfeit
`);

export const manners = meanings(`
  quickly / rapidly
  quietly / silently
  secretly / covertly
  gladly / happily
  carefully / cautiously
  angrily / furiously
`);

export const places = meanings(`
  in the shop / in the store
  in the town / in the city
  in the forest / in the woods
  in the street / in the road
  in the hotel / in the inn
  in the harbor / in the port
  in the prison / in the jail
  at the airport / at the airfield
  in the church / in the chapel
  in the bar / in the pub
  in the hospital / in the clinic
  on the beach / on the shore
`);

export const times = meanings(`
  at dawn / at sunrise
  at dusk / at sunset
  at noon / at midday
  in fall / in autumn
  often / frequently
  seldom / rarely
  on Monday
  on Friday
  yesterday
  last year
`);

export const numbers = meanings(`
  two
  three
  four
  ten
  twelve / a dozen
`);

/** All meanings. */
export const all: readonly Meaning[] = [
  people,
  things,
  thingVerbs,
  personVerbs,
  transfers,
  personAdjectives,
  thingAdjectives,
  manners,
  places,
  times,
  numbers,
].flat();
