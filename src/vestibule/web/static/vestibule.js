// Enhancements only: every page works without this file. No HTML strings, so Trusted Types stay strict.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const live = document.getElementById('live');

/** Say it to screen readers, in the one live region of the page. */
const announce = (text) => {
  live.textContent = '';
  setTimeout(() => { live.textContent = text; }, 80);
};

// A link's key does not stay in the address bar, the history or a screenshot.
if (document.querySelector('[data-vb-flow=link]')) history.replaceState(null, '', location.pathname);

/** The server writes UTC; the reader's clock is better. */
const localTimes = (root = document) => {
  for (const time of all('time[data-show]', root)) {
    const at = new Date(time.dateTime);
    const day = { dateStyle: 'medium', timeStyle: 'short' };
    const clock = { timeStyle: 'short' };
    if (!isNaN(at)) time.textContent = at.toLocaleString([], time.dataset.show === 'time' ? clock : day);
  }
};
localTimes();

const notice = document.querySelector('.alert[data-tone=success], .alert[data-tone=warning]:not([hidden])');
if (notice) announce(notice.textContent.trim());

// --- Show password ---------------------------------------------------------------------------------
for (const button of all('.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls'));
  const show = (on) => {
    input.type = on ? 'text' : 'password';
    button.setAttribute('aria-pressed', on);
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    const on = input.type === 'password';
    show(on);
    announce(on ? live.dataset.shown : live.dataset.hidden);
  });
  input.form.addEventListener('submit', () => show(false));
}

for (const meter of all('.meter')) {
  const { for: name, least, short, fair, good } = meter.dataset;
  document.getElementById(name).addEventListener('input', ({ target }) => {
    const length = [...target.value].length;
    meter.textContent = length === 0 ? '' : length < least ? short : length < 15 ? fair : good;
  });
}

// --- A code as people paste it: "482 913", "482-913" -----------------------------------------------
for (const input of all('[autocomplete=one-time-code]')) {
  input.addEventListener('input', () => {
    const tidy = input.value.replace(/[\s-]+/g, '');
    if (tidy !== input.value) input.value = tidy;
  });
}

// --- Submit: say so, and only once -----------------------------------------------------------------
const rest = () => {
  for (const form of all('form')) delete form.dataset.busy;
  for (const button of all('[data-rest]')) {
    button.textContent = button.dataset.rest;
    button.removeAttribute('aria-disabled');
  }
};
for (const form of all('form')) {
  form.noValidate = true; // the server's words stand next to the field; a bubble would cover them
  form.addEventListener('submit', (event) => {
    const button = event.submitter;
    if (form.dataset.busy) return event.preventDefault();
    form.dataset.busy = 'yes';
    setTimeout(rest, 10_000); // the reader may have stopped it
    if (!button?.dataset.busy) return;
    button.dataset.rest = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute('aria-disabled', 'true');
    announce(button.dataset.busy);
  });
}
addEventListener('pageshow', ({ persisted }) => persisted && rest());

const offline = document.getElementById('offline');
const connection = () => {
  offline.hidden = navigator.onLine;
  if (!navigator.onLine) announce(offline.textContent.trim());
};
addEventListener('offline', connection);
addEventListener('online', connection);

// --- Copy ------------------------------------------------------------------------------------------
const copyable = (root = document) => {
  for (const button of all('.copy', root)) button.hidden = !navigator.clipboard;
};
copyable();
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('.copy');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const words = button.lastElementChild;
  const rest = words.textContent;
  words.textContent = live.dataset.copied;
  announce(live.dataset.copied);
  setTimeout(() => { words.textContent = rest; }, 1600);
});

// --- Development inbox: new mail comes in on top ----------------------------------------------------
const mails = document.getElementById('mails');
if (mails) {
  const pattern = document.getElementById('mail').content;
  new EventSource(mails.dataset.events).addEventListener('message', ({ data }) => {
    const mail = JSON.parse(data);
    let row = mails.querySelector(`[data-id="${CSS.escape(mail.id)}"]`);
    if (!row) {
      row = pattern.firstElementChild.cloneNode(true);
      mails.prepend(row);
    }
    row.dataset.id = mail.id;
    row.querySelector('a').href = mail.href;
    for (const slot of all('[data-slot]', row)) slot.textContent = mail[slot.dataset.slot];
    row.querySelector('.badge').dataset.state = mail.state;
    row.querySelector('.mail-code').hidden = !mail.code;
    row.querySelector('.copy').dataset.copy = mail.code;
    row.querySelector('time').dateTime = mail.at;
    document.getElementById('empty')?.remove();
    localTimes(row);
    copyable(row);
  });
}
