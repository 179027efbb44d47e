/** What the pairing page adds to the style sheet of the waiting page. */
export const STYLES = `
main.wide {
  width: min(32rem, 100%);
}

.qr {
  display: block;
  width: 13rem;
  height: 13rem;
  margin: 0 auto 1.25rem;
  border: 0.75rem solid #fff;
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.6);
  background: #fff;
  image-rendering: pixelated;
}

.code {
  display: block;
  margin: 0.25rem 0 1rem;
  padding: 0.75rem;
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.6);
  background: var(--launchkey-tint, var(--tint));
  font-size: 1.6rem;
  font-variant-numeric: tabular-nums;
  letter-spacing: 0.08em;
  white-space: nowrap;
}

.phones {
  margin: 0 0 1.5rem;
  padding: 0;
  list-style: none;
  text-align: start;
}

.phones li {
  padding: 0.9rem 0;
  border-top: 1px solid var(--launchkey-line, var(--line));
}

.phones p {
  margin: 0 0 0.25rem;
}

details {
  margin: 0.25rem 0 0;
  text-align: start;
}

.help {
  margin-bottom: 1rem;
}

summary {
  min-height: 1.75rem;
  color: var(--launchkey-accent, var(--accent));
  cursor: pointer;
}

details form {
  margin: 0.75rem 0 0.5rem;
}

label {
  display: block;
  margin-bottom: 0.75rem;
}

input:not([type='hidden']) {
  display: block;
  width: 100%;
  min-height: 2.75rem;
  margin-top: 0.25rem;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--launchkey-line, var(--line));
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.6);
  background: transparent;
  color: inherit;
  font: inherit;
}
`;
