import { useEffect, useState } from 'preact/hooks';

/** What tells when its view has changed. */
export interface Source<View> {
  readonly view: View;
  /** Calls back after each change. Returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** Renders again whenever a source says that its view has changed. */
export function useView<View>(source: Source<View>): View {
  const [view, setView] = useState(() => source.view);
  useEffect(() => {
    const changed = () => setView(() => source.view);
    changed();
    return source.subscribe(changed);
  }, [source]);
  return view;
}
