import { byId } from './dom.js';
import { t } from './texts/index.js';

/**
 * Acts when a form is sent, with what stands in its field. What is missing or fails is said below the
 * field, which gets the keyboard's focus.
 */
export function onSubmit(
  form: string,
  field: string,
  error: string,
  act: (value: string) => Promise<void>,
): void {
  let sending = false;
  byId(form).addEventListener('submit', async (event) => {
    event.preventDefault();
    if (sending) return;
    const input = byId<HTMLInputElement>(field);
    const value = input.value.trim();
    const fail = (message: string) => {
      byId(error).textContent = message;
      input.setAttribute('aria-invalid', String(message !== ''));
      if (message) input.focus();
    };
    fail('');
    if (!value) return fail(t.fillIn);
    sending = true;
    try {
      await act(value);
    } catch (failure) {
      fail((failure as Error).message);
    } finally {
      sending = false;
    }
  });
}
