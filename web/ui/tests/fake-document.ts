// As much of a browser's document as Preact needs to render into.

/** A node of the document: an element, or a text that has no name. */
export class FakeElement {
  readonly nodeType: number;
  readonly namespaceURI = 'http://www.w3.org/1999/xhtml';
  readonly style = {};
  readonly childNodes: FakeElement[] = [];
  parentNode: FakeElement | null = null;
  data = '';
  readonly #attributes = new Map<string, string>();
  readonly #listeners = new Map<string, (event: unknown) => void>();

  /** `onAttribute` is told of each attribute that is set here or in what is made by `make`. */
  constructor(
    readonly localName: string,
    private readonly onAttribute: (element: FakeElement, name: string) => void,
  ) {
    this.nodeType = localName === '' ? 3 : 1;
  }

  make(localName: string): FakeElement {
    return new FakeElement(localName, this.onAttribute);
  }

  get firstChild(): FakeElement | null {
    return this.childNodes[0] ?? null;
  }

  get nextSibling(): FakeElement | null {
    const siblings = this.parentNode?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }

  contains(other: FakeElement | null): boolean {
    return other !== null && (other === this || this.contains(other.parentNode));
  }

  insertBefore(child: FakeElement, before: FakeElement | null): FakeElement {
    child.parentNode?.removeChild(child);
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    this.childNodes.splice(at, 0, child);
    child.parentNode = this;
    return child;
  }

  removeChild(child: FakeElement): FakeElement {
    this.childNodes.splice(this.childNodes.indexOf(child), 1);
    child.parentNode = null;
    return child;
  }

  remove(): void {
    this.parentNode?.removeChild(this);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, String(value));
    this.onAttribute(this, name);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }

  removeEventListener(type: string): void {
    this.#listeners.delete(type);
  }

  /** Lets an event happen here. */
  dispatch(type: string): void {
    this.#listeners.get(type)?.call(this, { type });
  }
}

/** Makes the document whose body this is the one of this process. */
export function fakeDocument(body: FakeElement): void {
  const make = (localName: string) => body.make(localName);
  const createTextNode = (data: string) => Object.assign(body.make(''), { data });
  const createElementNS = (_: string, localName: string) => make(localName);
  Object.assign(globalThis, { document: { body, createElement: make, createElementNS, createTextNode } });
}
