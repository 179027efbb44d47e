import { randomInt } from 'node:crypto';

const CHOICES = 4;
/** A number of two digits is picked from several; a longer one is typed. */
const PICKED_DIGITS = 2;

/**
 * The numbers that a device shows for this one, in random order; `undefined` if the number is typed, of
 * which a device learns nothing but the length. All are of the range of the number, with or without a
 * leading zero: another range would tell them apart.
 */
export function numberChoice(number: string): string[] | undefined {
  if (number.length !== PICKED_DIGITS) return undefined;
  const choice = new Set([number]);
  const [from, to] = number.startsWith('0') ? [0, 10] : [10, 100];
  while (choice.size < CHOICES)
    choice.add(String(randomInt(from, to)).padStart(PICKED_DIGITS, '0'));
  const numbers = [...choice];
  for (let last = numbers.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [numbers[last], numbers[other]] = [numbers[other] as string, numbers[last] as string];
  }
  return numbers;
}

/** How many digits the user must type on the device; `undefined` if none. */
export function digitsToType({
  number,
  numbers,
}: {
  number?: string;
  numbers?: readonly string[];
}): number | undefined {
  return numbers ? undefined : number?.length;
}
