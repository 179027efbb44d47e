/**
 * The style sheet of the waiting page. The application's own style sheet can set the custom
 * properties that begin with `--launchkey-`; the documentation lists them.
 */
export const STYLES = `:root {
  color-scheme: light dark;
  --page: #eef1f6;
  --card: #ffffff;
  --text: #1a2130;
  --quiet: #566077;
  --line: #7c869b;
  --track: #dde2ec;
  --accent: #1d5fd0;
  --on-accent: #ffffff;
  --tint: #e6eefc;
  --good: #0b6b43;
  --good-tint: #e0f4ea;
  --bad: #b3261e;
  --bad-tint: #fdeceb;
  --notice: #fff1d6;
  --on-notice: #573a00;
}

@supports (color: light-dark(#000, #fff)) {
  :root {
    --page: light-dark(#eef1f6, #12151c);
    --card: light-dark(#ffffff, #1c212b);
    --text: light-dark(#1a2130, #e8ecf3);
    --quiet: light-dark(#566077, #a5afc2);
    --line: light-dark(#7c869b, #78839a);
    --track: light-dark(#dde2ec, #343b4a);
    --accent: light-dark(#1d5fd0, #7fb0ff);
    --on-accent: light-dark(#ffffff, #0b1424);
    --tint: light-dark(#e6eefc, #223150);
    --good: light-dark(#0b6b43, #5fd3a0);
    --good-tint: light-dark(#e0f4ea, #173a2d);
    --bad: light-dark(#b3261e, #ff9d95);
    --bad-tint: light-dark(#fdeceb, #42262a);
    --notice: light-dark(#fff1d6, #40310f);
    --on-notice: light-dark(#573a00, #ffdfa3);
  }
}

* {
  box-sizing: border-box;
}

[hidden] {
  display: none !important;
}

body {
  min-height: 100vh;
  min-height: 100dvh;
  margin: 0;
  padding: 1rem;
  display: grid;
  place-items: center;
  background: var(--launchkey-page, var(--page));
  color: var(--launchkey-text, var(--text));
  font: 1rem / 1.5 var(--launchkey-font, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif);
  overflow-wrap: anywhere;
}

main {
  width: min(26rem, 100%);
  padding: 2.25rem 2rem 2rem;
  border: 1px solid transparent;
  border-radius: var(--launchkey-radius, 1rem);
  background: var(--launchkey-card, var(--card));
  box-shadow: 0 0.5rem 2rem rgb(0 0 0 / 12%);
  text-align: center;
}

.logo {
  height: var(--launchkey-logo-height, 0);
  margin-bottom: calc(var(--launchkey-logo-height, 0px) * 0.6);
  background: var(--launchkey-logo, none) center / contain no-repeat;
}

.icon {
  position: relative;
  display: grid;
  place-items: center;
  width: 5.5rem;
  height: 5.5rem;
  margin: 0 auto 1.25rem;
  border-radius: 50%;
}

.icon.phone,
.icon.off {
  background: var(--launchkey-tint, var(--tint));
  color: var(--launchkey-accent, var(--accent));
}

.icon.good {
  background: var(--launchkey-good-tint, var(--good-tint));
  color: var(--launchkey-good, var(--good));
}

.icon.bad {
  background: var(--launchkey-bad-tint, var(--bad-tint));
  color: var(--launchkey-bad, var(--bad));
}

.icon.phone::after {
  content: '';
  position: absolute;
  inset: 0;
  border: 2px solid currentColor;
  border-radius: 50%;
  opacity: 0;
}

@media (prefers-reduced-motion: no-preference) {
  .icon.phone::after {
    animation: pulse 2s ease-out infinite;
  }

  .icon.phone svg {
    animation: nudge 4s ease-in-out infinite;
  }
}

@keyframes pulse {
  from {
    opacity: 0.6;
    transform: scale(1);
  }

  to {
    opacity: 0;
    transform: scale(1.35);
  }
}

@keyframes nudge {
  0%,
  12%,
  100% {
    transform: none;
  }

  3%,
  9% {
    transform: rotate(-7deg);
  }

  6% {
    transform: rotate(7deg);
  }
}

h1 {
  margin: 0 0 0.5rem;
  font-size: 1.5rem;
  line-height: 1.25;
  letter-spacing: -0.01em;
}

h1:focus {
  outline: none;
}

p {
  margin: 0 0 1rem;
}

h1,
p {
  text-wrap: balance;
}

.number {
  margin: 1.25rem 0;
  padding: 1rem;
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.75);
  background: var(--launchkey-tint, var(--tint));
}

.number strong {
  display: block;
  margin-top: 0.25rem;
  font-size: 4rem;
  font-variant-numeric: tabular-nums;
  line-height: 1;
  letter-spacing: 0.06em;
}

.typed strong {
  font-size: clamp(2.25rem, 13vw, 4rem);
  white-space: nowrap;
}

.notice {
  padding: 0.75rem 1rem;
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.6);
  background: var(--launchkey-notice, var(--notice));
  color: var(--launchkey-on-notice, var(--on-notice));
}

.time,
.quiet {
  color: var(--launchkey-quiet, var(--quiet));
  font-size: 0.95rem;
  font-variant-numeric: tabular-nums;
}

.time {
  margin-bottom: 0.4rem;
}

progress {
  display: block;
  width: 100%;
  height: 0.375rem;
  margin-bottom: 1.5rem;
  border: 0;
  border-radius: 1rem;
  overflow: hidden;
  appearance: none;
  background: var(--launchkey-track, var(--track));
}

progress::-webkit-progress-bar {
  background: var(--launchkey-track, var(--track));
}

progress::-webkit-progress-value {
  border-radius: 1rem;
  background: var(--launchkey-accent, var(--accent));
}

progress::-moz-progress-bar {
  border-radius: 1rem;
  background: var(--launchkey-accent, var(--accent));
}

section > :last-child {
  margin-bottom: 0;
}

form {
  margin: 1.5rem 0 0;
}

button,
.button {
  display: block;
  width: 100%;
  min-height: 3rem;
  padding: 0.7rem 1rem;
  border: 1px solid transparent;
  border-radius: calc(var(--launchkey-radius, 1rem) * 0.6);
  background: var(--launchkey-accent, var(--accent));
  color: var(--launchkey-on-accent, var(--on-accent));
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}

p > .button {
  margin-top: 1.5rem;
}

button.second {
  border-color: var(--launchkey-line, var(--line));
  background: transparent;
  color: inherit;
}

button:hover,
.button:hover {
  filter: brightness(1.08);
}

button.second:hover {
  background: var(--launchkey-tint, var(--tint));
  filter: none;
}

:focus-visible {
  outline: 3px solid var(--launchkey-accent, var(--accent));
  outline-offset: 2px;
}

.announcement {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

@media (max-width: 30rem) {
  body {
    padding: 0;
    place-items: stretch;
  }

  main {
    width: 100%;
    display: grid;
    align-content: center;
    padding: max(1.5rem, env(safe-area-inset-top)) 1.5rem max(1.5rem, env(safe-area-inset-bottom));
    border-radius: 0;
    box-shadow: none;
  }
}
`;
