import { byId } from './dom.js';
import { t } from './texts/index.js';

/** What is asked in a dialog, and what is done with the answer. */
export interface Question {
  title: string;
  text?: string;
  /** Without one, the user is asked to confirm and nothing else. */
  field?: { label: string; value?: string; secret?: boolean; digits?: boolean };
  confirm: string;
  danger?: boolean;
  /** A rejection is shown, and the dialog stays open. */
  act(value: string): Promise<void>;
}

/** Asks; resolves with whether it was done or the user went back. */
export function ask(question: Question): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('ask');
  const form = byId<HTMLFormElement>('ask-form');
  const field = byId<HTMLInputElement>('ask-field');
  const confirm = byId<HTMLButtonElement>('ask-confirm');
  const error = byId('ask-error');
  byId('ask-title').textContent = question.title;
  byId('ask-text').textContent = question.text ?? '';
  byId('ask-text').hidden = !question.text;
  byId('ask-entry').hidden = !question.field;
  byId('ask-label').textContent = question.field?.label ?? '';
  field.type = question.field?.secret ? 'password' : 'text';
  field.inputMode = question.field?.digits ? 'numeric' : 'text';
  field.value = question.field?.value ?? '';
  confirm.textContent = question.confirm;
  confirm.classList.toggle('dangerous', question.danger === true);
  confirm.disabled = false;
  error.textContent = '';
  const events = new AbortController();
  const { signal } = events;
  return new Promise((resolve) => {
    let done = false;
    const submit = async (event: Event) => {
      event.preventDefault();
      if (confirm.disabled) return;
      error.textContent = '';
      const value = field.value.trim();
      if (question.field && !value) {
        error.textContent = t.fillIn;
        return field.focus();
      }
      confirm.disabled = true;
      try {
        await question.act(value);
        done = true;
        dialog.close();
      } catch (failure) {
        error.textContent = (failure as Error).message;
        confirm.disabled = false;
        if (question.field) field.select();
      }
    };
    form.addEventListener('submit', (event) => void submit(event), { signal });
    byId('ask-cancel').addEventListener('click', () => dialog.close(), { signal });
    dialog.addEventListener(
      'close',
      () => {
        events.abort();
        field.value = '';
        resolve(done);
      },
      { signal },
    );
    dialog.showModal();
    if (question.field) field.select();
  });
}
