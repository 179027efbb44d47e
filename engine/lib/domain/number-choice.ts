import { randomInt } from 'node:crypto';

const CHOICES = 4;

/** Returns the number and three other ones in random order. */
export function numberChoice(number: string): string[] {
  const choice = new Set([number]);
  while (choice.size < CHOICES) choice.add(String(randomInt(100)).padStart(2, '0'));
  const numbers = [...choice];
  for (let last = numbers.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [numbers[last], numbers[other]] = [numbers[other] as string, numbers[last] as string];
  }
  return numbers;
}
