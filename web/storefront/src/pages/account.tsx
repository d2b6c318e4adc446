import { storefront as text } from '@buy-from-me/text';
import { announce, Failure, fieldErrors, focusFirstInvalid, href, navigate, Page, PasswordField, Submit, useAction } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { usePerson, useShop } from '../shop.tsx';

/** Shows whose account it is, changes its password, signs out. */
export function AccountPage() {
  const { session } = useShop();
  const { name, email } = usePerson();
  const signOut = useAction(async (everywhere: boolean) => {
    // Away from what is private first: else this page would ask to sign in again.
    if (!everywhere) navigate(href([]));
    await session.signOut({ everywhere });
    announce(text.account.signedOut);
  });
  return (
    <Page title={text.account.title} suffix={text.shop}>
      <div class="account">
        <section class="card stack" aria-labelledby="details">
          <h2 id="details">{text.account.details}</h2>
          <dl class="facts">
            <div>
              <dt>{text.account.name}</dt>
              <dd>{name}</dd>
            </div>
            <div>
              <dt>{text.account.email}</dt>
              <dd>{email}</dd>
            </div>
          </dl>
          <p>
            <a href={href(['orders'])}>{text.account.orders}</a>
          </p>
          <p class="row">
            <button type="button" class="button" aria-busy={signOut.busy} onClick={() => void signOut.run(false)}>
              {text.account.signOut}
            </button>
            <button type="button" class="button button-plain" onClick={() => void signOut.run(true)}>
              {text.account.signOutEverywhere}
            </button>
          </p>
          {signOut.error !== undefined && <Failure error={signOut.error} />}
        </section>
        <section class="card stack" aria-labelledby="password">
          <h2 id="password">{text.account.password}</h2>
          <p class="quiet">{text.account.passwordText}</p>
          <PasswordForm />
        </section>
      </div>
    </Page>
  );
}

const NOTHING = { currentPassword: '', newPassword: '' };

function PasswordForm() {
  const { client } = useShop();
  const { email } = usePerson();
  const [passwords, setPasswords] = useState(NOTHING);
  const [done, setDone] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const change = useAction(async () => {
    setDone(false);
    await client.changePassword(passwords);
    setPasswords(NOTHING);
    setDone(true);
  });
  const errors = fieldErrors(change.error);
  const submit = async (event: Event) => {
    event.preventDefault();
    await change.run();
    focusFirstInvalid(form.current);
  };
  return (
    <form class="form" ref={form} noValidate onSubmit={(event) => void submit(event)}>
      {change.error !== undefined && <Failure error={change.error} />}
      {done && (
        <p class="notice notice-good" role="status">
          {text.account.changed}
        </p>
      )}
      {/* Password managers want to know whose password it is. */}
      <input type="text" name="username" autocomplete="username" value={email} readOnly hidden />
      <PasswordField
        kind="current"
        label={text.account.current}
        value={passwords.currentPassword}
        onValue={(currentPassword) => setPasswords((it) => ({ ...it, currentPassword }))}
        error={errors['/currentPassword'] && text.account.wrongCurrent}
      />
      <PasswordField
        kind="new"
        label={text.account.next}
        hint={text.register.passwordHint}
        value={passwords.newPassword}
        onValue={(newPassword) => setPasswords((it) => ({ ...it, newPassword }))}
        error={errors['/newPassword']}
      />
      <Submit busy={change.busy}>{text.account.change}</Submit>
    </form>
  );
}
