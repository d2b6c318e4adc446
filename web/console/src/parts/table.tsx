import type { ComponentChildren } from 'preact';

/** A column of a table. */
export interface Column<Item> {
  readonly label: string;
  readonly cell: (item: Item) => ComponentChildren;
  /** Whether the label is for screen readers alone: that of pictures and buttons. */
  readonly quiet?: boolean;
  readonly class?: string;
}

/**
 * A table that becomes a list of cards where it has little room. Its roles are spelled out, since
 * a row that is no longer displayed as one would lose its meaning for screen readers.
 */
export function Table<Item>(props: {
  caption: string;
  columns: readonly Column<Item>[];
  items: readonly Item[];
  itemKey: (item: Item) => string;
}) {
  return (
    <div class="table-scroll">
      <table class="table" role="table">
        <caption class="hidden-visually">{props.caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {props.columns.map((it) => (
              <th key={it.label} role="columnheader" scope="col" class={it.class}>
                {it.quiet ? <span class="hidden-visually">{it.label}</span> : it.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {props.items.map((item) => (
            <tr key={props.itemKey(item)} role="row">
              {props.columns.map((it) => (
                <td key={it.label} role="cell" class={it.class} data-label={it.quiet ? undefined : it.label}>
                  <div>{it.cell(item)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
