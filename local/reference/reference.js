// Shows the contract, and signs in to the demo shop by one click: Swagger UI then sends the
// access token with each call that needs one.

/** Returns where somebody of that role signs in, and which scheme of the contract it opens. */
const side = (role) =>
  role === 'customer'
    ? { path: '/api/auth/login', scheme: 'customer' }
    : { path: '/api/admin/login', scheme: 'staff' };

const element = (id) => document.getElementById(id);

/** Shows a sentence about what went wrong; none takes the last one away. */
function showProblem(sentence) {
  element('problem').hidden = !sentence;
  element('problem').textContent = sentence ?? '';
}

const loaded = Promise.withResolvers();
const ui = SwaggerUIBundle({
  url: '/openapi.yaml',
  domNode: element('reference'),
  layout: 'BaseLayout',
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  // Who may call an operation: `x-audience`.
  showExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => loaded.resolve(),
});

/** Who is signed in, by scheme: a customer and one of the staff may be at once. */
const people = new Map();

function showPeople() {
  const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
  const names = [...people.values()].map((it) => `${it.email} until ${time.format(it.until)}`);
  element('signed-in').textContent = names.length ? `Signed in: ${names.join(', ')}` : '';
  for (const button of element('accounts').children) {
    const pressed = [...people.values()].some((it) => it.email === button.dataset.email);
    button.setAttribute('aria-pressed', String(pressed));
  }
}

/** Signs in, and says why not in the shop's own words. */
async function signIn({ email, password, role }) {
  const { path, scheme } = side(role);
  showProblem();
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    showProblem(`Not signed in as ${email}: ${body.title} (${answer.status}). ${body.detail}`);
    return;
  }
  await loaded.promise;
  ui.preauthorizeApiKey(scheme, body.accessToken);
  people.set(scheme, { email, until: Date.now() + body.expiresIn * 1000 });
  showPeople();
}

/** Makes a button: customers by their names, staff by their roles. */
function button(account) {
  const made = document.createElement('button');
  const [name] = account.email.split('@');
  made.type = 'button';
  made.textContent =
    account.role === 'customer' ? name[0].toUpperCase() + name.slice(1) : account.role;
  made.dataset.email = account.email;
  made.setAttribute('aria-pressed', 'false');
  made.addEventListener('click', async () => {
    made.disabled = true;
    try {
      await signIn(account);
    } catch (error) {
      console.error(error);
      showProblem(`Not signed in as ${account.email}: the shop does not answer.`);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** Offers the demo's accounts; a shop without a demo has none. */
async function offerAccounts() {
  const answer = await fetch('accounts.json');
  const accounts = await answer.json();
  element('accounts').append(...accounts.map(button));
  element('sign-in').hidden = accounts.length === 0;
}

offerAccounts();
