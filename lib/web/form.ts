import { readBodyFields } from './body.js';

/** The text fields of a form. */
export type FormFields = ReadonlyMap<string, string>;

/** Reads a form's text fields, or `null` if the body cannot be read. */
export async function readForm(
  req: Parameters<typeof readBodyFields>[0],
): Promise<FormFields | null> {
  try {
    const form = new Map<string, string>();
    for (const [name, value] of await readBodyFields(req)) {
      if (typeof value === 'string') form.set(name, value);
    }
    return form;
  } catch {
    return null;
  }
}
