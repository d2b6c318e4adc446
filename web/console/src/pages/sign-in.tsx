import { ShopProblem } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, href, navigate, Page, PasswordField, secondsToWait, SignInEmailField, Submit, useAction, useSettings, Waiting } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { RefusedNotice } from '../parts/notices.tsx';
import { useStaff } from '../session.tsx';

/** Shows how a sign-in failed: in its own words, since nobody is signed in yet. */
function SignInFailure({ error }: { error: unknown }) {
  if (error instanceof ShopProblem) {
    if (error.status === 401 || error.status === 422) return <RefusedNotice text={text.signIn.wrong} />;
    if (error.status === 429) {
      const seconds = secondsToWait(error, 60);
      const at = new Date(Date.now() + seconds * 1000).toLocaleTimeString(undefined, { timeStyle: 'short' });
      return <RefusedNotice text={text.signIn.tooMany(Math.ceil(seconds / 60), at)} />;
    }
  }
  return <Failure error={error} />;
}

/**
 * Signs somebody in, at whatever address they are: afterwards that is shown. What is typed
 * stays until it was right.
 */
export function SignInPage(props: { why?: 'left' | 'ended' | undefined }) {
  const staff = useStaff();
  const { demo } = useSettings();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useAction(async (credentials: { email: string; password: string }) => {
    await staff.signIn(credentials);
    if (location.hash.startsWith('#/sign-in')) navigate(href([]), { replace: true });
  });
  const accounts = demo?.filter((it) => it.role !== 'customer') ?? [];
  return (
    <div class="narrow">
      <Page title={text.signIn.title} suffix={text.suffix} lead={<p class="quiet">{text.signIn.lead}</p>}>
        <div class="stack-wide">
          {props.why && (
            <p class="notice" role="status">
              {props.why === 'ended' ? text.signIn.ended : text.signIn.signedOut}
            </p>
          )}
          <form
            class="form card"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              void signIn.run({ email, password });
            }}
          >
            {signIn.error !== undefined && <SignInFailure error={signIn.error} />}
            <SignInEmailField
              label={text.fields.email}
              value={email}
              onValue={setEmail}
            />
            <PasswordField
              kind="current"
              label={text.fields.password}
              value={password}
              onValue={setPassword}
            />
            {signIn.busy && <Waiting quiet />}
            <p>
              <Submit busy={signIn.busy}>{text.signIn.submit}</Submit>
            </p>
          </form>
          {accounts.length > 0 && (
            <section class="stack" aria-labelledby="demo">
              <h2 id="demo">{text.signIn.demo}</h2>
              <p class="quiet">{text.signIn.demoLead}</p>
              <ul class="row">
                {accounts.map((it) => (
                  <li key={it.email}>
                    <button
                      type="button"
                      class="button"
                      disabled={signIn.busy}
                      onClick={() => void signIn.run({ email: it.email, password: it.password })}
                    >
                      {text.roles[it.role as keyof typeof text.roles] ?? it.role}
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </Page>
    </div>
  );
}
