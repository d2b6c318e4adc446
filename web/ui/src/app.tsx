import { ui } from '@buy-from-me/text';
import { type ComponentChildren, createContext, render } from 'preact';
import { useContext } from 'preact/hooks';
import { Boundary } from './boundary.tsx';

/** What a page is told by `config.json`, which stands beside the storefront's index.html. */
export interface AppSettings {
  /** Where the API is, without a slash at the end. */
  readonly api: string;
  /** Accounts of a demo shop, for signing in by one click. A real shop has none. */
  readonly demo?: readonly { email: string; password: string; role: string }[];
}

const Settings = createContext<AppSettings>({ api: '' });

/** Returns the page's settings. */
export function useSettings(): AppSettings {
  return useContext(Settings);
}

/** Gives the settings to all below it. */
function App(props: { settings: AppSettings; children: ComponentChildren }) {
  return (
    <Settings.Provider value={props.settings}>
      <Boundary place="app">{props.children}</Boundary>
    </Settings.Provider>
  );
}

/** Reads the settings and shows the app that `start` makes of them. */
export async function run(start: (settings: AppSettings) => ComponentChildren): Promise<void> {
  const root = document.getElementById('app');
  if (!root) throw new Error('the page has no element with the id "app"');
  try {
    const answer = await fetch('/config.json', { cache: 'no-store' });
    if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
    const settings = (await answer.json()) as AppSettings;
    render(<App settings={settings}>{start(settings)}</App>, root);
  } catch (error) {
    console.error(error);
    render(<p class="notice notice-bad">{ui.problems.broken}</p>, root);
  }
}
