// Sends each form once, however often its button is pressed, and again when the user comes back.
for (const form of document.forms) {
  form.addEventListener('submit', () => {
    form.inert = true;
  });
}
addEventListener('pageshow', () => {
  for (const form of document.forms) form.inert = false;
});
