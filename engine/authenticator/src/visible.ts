/**
 * Characters that are not seen, or that change how others are seen: control characters, those of no width,
 * and those that change the direction of what follows. Not those that emoji are made of.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const OF_EMOJI =
  /\uFE0F|(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)\u200D(?=\p{Extended_Pictographic})/uy;

/** A text of an application with such characters named, so that it reads as what it is. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(HIDDEN, (character, at: number, whole: string) => {
    OF_EMOJI.lastIndex = at;
    if (OF_EMOJI.test(whole)) return character;
    if (character === '\n') return '↵\n';
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `⟨U+${code}⟩`;
  });
}
