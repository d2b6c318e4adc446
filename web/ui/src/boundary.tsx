import { ui } from '@buy-from-me/text';
import { Component, type ComponentChildren } from 'preact';
import { href } from './router.ts';

interface Props {
  /** Names what is shown: something else than what broke is shown again. */
  readonly place: string;
  readonly children: ComponentChildren;
}

interface State {
  readonly place: string;
  readonly broken: boolean;
}

/**
 * Shows what is inside, or, once that can't be shown, that something went wrong, with ways on.
 * An answer that is not what the contract says must not leave a page that does nothing any more.
 */
export class Boundary extends Component<Props, State> {
  static override getDerivedStateFromProps({ place }: Props, state: State): State {
    return { place, broken: state.broken && place === state.place };
  }

  static override getDerivedStateFromError(): Partial<State> {
    return { broken: true };
  }

  override state: State = { place: this.props.place, broken: false };

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div class="page-head">
        <div class="notice notice-bad" role="alert">
          <p>{ui.problems.broken}</p>
          <button type="button" class="button" onClick={() => this.setState({ broken: false })}>
            {ui.tryAgain}
          </button>
          <a href={href([])}>{ui.notFound.home}</a>
        </div>
      </div>
    );
  }
}
