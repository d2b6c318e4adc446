import { type Category, type CategoryInput, ShopProblem } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import {
  ConfirmDialog, Dialog, Failure, Field, Page, Submit, Waiting, announce, fieldErrors, href, inTreeOrder, useAction, withDescendants,
} from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { slugOf } from '../category-list.ts';
import { untilDeleted } from '../deletion.ts';
import { CategoryChoice, useCategories } from '../parts/category-choice.tsx';
import { Form } from '../parts/form.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import type { Mistakes } from '../product-form.ts';
import { atLeast } from '../roles.ts';
import { useCategoryList, useStaff, useUser } from '../session.tsx';

const words = text.categories;

/** What is open over the page. */
type Open = { readonly what: 'change' | 'delete'; readonly category: Category };

/** Shows the categories as a tree; admins make, change, move and delete them. */
export function CategoriesPage() {
  const isAdmin = atLeast(useUser().role, 'admin');
  const [loaded, again] = useCategories();
  const [open, setOpen] = useState<Open>();
  const all = loaded.state === 'ready' ? loaded.value : [];
  const close = () => setOpen(undefined);
  const done = (told: string) => {
    close();
    announce(told);
    again();
  };
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <div class="stack-wide">
        {loaded.state === 'loading' && <Waiting />}
        {loaded.state === 'failed' && <Failure error={loaded.error} waiting={loaded.waiting} onRetry={again} />}
        {loaded.state === 'ready' && all.length === 0 && <p class="empty">{words.none}</p>}
        {all.length > 0 && (
          <ul class="tree card" aria-label={words.list}>
            {inTreeOrder(all).map(({ category, depth }) => (
              <Row key={category.slug} category={category} depth={depth} isAdmin={isAdmin} onOpen={setOpen} />
            ))}
          </ul>
        )}
        {isAdmin && loaded.state === 'ready' && <NewCategory all={all} onSaved={(it) => done(words.saved(it.name))} />}
      </div>
      {open?.what === 'change' && (
        <ChangeCategory
          category={open.category}
          all={all}
          onClose={(isStale) => {
            close();
            if (isStale) again();
          }}
          onSaved={(it) => done(words.saved(it.name))}
        />
      )}
      {open?.what === 'delete' && (
        <DeleteCategory category={open.category} onClose={close} onDeleted={() => done(words.deleted(open.category.name))} />
      )}
    </Page>
  );
}

function Row(props: { category: Category; depth: number; isAdmin: boolean; onOpen(open: Open): void }) {
  const { category } = props;
  const { slug, name } = category;
  return (
    <li class="tree-row" style={{ paddingInlineStart: `${Math.min(props.depth, 5) * 1.5}rem` }}>
      <span class="tree-name">
        <a href={href(['products'], { category: slug })}>{name}</a> <span class="mono quiet">{slug}</span>
      </span>
      {props.isAdmin && (
        <span class="row">
          <button
            type="button"
            class="button button-small"
            aria-label={words.changeOf(name)}
            onClick={() => props.onOpen({ what: 'change', category })}
          >
            {words.change}
          </button>
          <button
            type="button"
            class="button button-small"
            aria-label={words.deleteOf(name)}
            onClick={() => props.onOpen({ what: 'delete', category })}
          >
            {words.delete}
          </button>
        </span>
      )}
    </li>
  );
}

/** Returns what is wrong with a category as it is typed. */
function mistakesOf(name: string, slug: string, taken: boolean): Mistakes | undefined {
  const length = [...name.trim()].length;
  const mistakes = {
    ...((length < 1 || length > 100) && { '/name': words.errors.name }),
    ...((!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug) || slug.length > 64) && { '/slug': words.errors.slug }),
    ...(taken && { '/slug': words.errors.taken }),
  };
  return Object.keys(mistakes).length > 0 ? mistakes : undefined;
}

/** Returns the action that saves a category, and what is wrong with it. */
function useSave(onSaved: (category: Category) => void) {
  const staff = useStaff();
  const list = useCategoryList();
  const [mistakes, setMistakes] = useState<Mistakes>();
  const save = useAction(async (slug: string, input: CategoryInput, taken: boolean) => {
    const wrong = mistakesOf(input.name, slug, taken);
    setMistakes(wrong);
    if (wrong) return;
    const saved = await staff.categories.save(slug, { ...input, name: input.name.trim() });
    list.saved(saved);
    onSaved(saved);
  });
  return { save, mistakes, errors: mistakes ?? fieldErrors(save.error) };
}

function isConflict(error: unknown): boolean {
  return error instanceof ShopProblem && error.status === 409;
}

function SaveFailure({ error }: { error: unknown }) {
  if (error === undefined) return null;
  if (isConflict(error)) return <RefusedNotice text={words.conflict} />;
  return <Failure error={error} />;
}

function NewCategory({ all, onSaved }: { all: readonly Category[]; onSaved(category: Category): void }) {
  const [name, setName] = useState('');
  // Undefined: as the name suggests.
  const [typedSlug, setTypedSlug] = useState<string>();
  const [parent, setParent] = useState('');
  const slug = (typedSlug ?? slugOf(name)).trim();
  const { save, mistakes, errors } = useSave((saved) => {
    setName('');
    setTypedSlug(undefined);
    onSaved(saved);
  });
  // What stands at a slug would be replaced: nobody who makes a new category means that, whether
  // it was listed (`taken`) or made since (`version`).
  const submit = () => void save.run(slug, { name, parent: parent || null, version: 0 }, all.some((it) => it.slug === slug));
  return (
    <section class="stack" aria-labelledby="new">
      <h2 id="new">{words.newTitle}</h2>
      <Form class="form card" error={mistakes ?? save.error} onSubmit={submit}>
        <SaveFailure error={save.error} />
        <div class="form-columns">
          <Field label={words.name} required maxLength={200} autocomplete="off" value={name} onValue={setName} error={errors['/name']} />
          <Field
            label={words.slug}
            hint={words.slugHint}
            required
            maxLength={64}
            autocomplete="off"
            spellcheck={false}
            value={typedSlug ?? slugOf(name)}
            onValue={setTypedSlug}
            error={errors['/slug']}
          />
        </div>
        <CategoryChoice
          label={words.parent}
          none={words.noParent}
          categories={all}
          value={parent}
          onValue={setParent}
          error={errors['/parent']}
        />
        <p>
          <Submit busy={save.busy}>{words.submit}</Submit>
        </p>
      </Form>
    </section>
  );
}

/** Renames a category, or moves it. `onClose`: whether there is another one by now. */
function ChangeCategory(props: {
  category: Category;
  all: readonly Category[];
  onClose(isStale: boolean): void;
  onSaved(category: Category): void;
}) {
  const { category, all } = props;
  const { version } = category;
  const [name, setName] = useState(category.name);
  const [parent, setParent] = useState(category.parent ?? '');
  const { save, mistakes, errors } = useSave(props.onSaved);
  const close = () => props.onClose(isConflict(save.error));
  // It can't belong to itself, nor to what belongs to it.
  const below = withDescendants(all, category.slug);
  return (
    <Dialog title={words.changeOf(category.name)} onClose={close}>
      <Form
        class="form"
        error={mistakes ?? save.error}
        onSubmit={() => void save.run(category.slug, { name, parent: parent || null, version }, false)}
      >
        <SaveFailure error={save.error} />
        <Field label={words.name} required maxLength={200} autocomplete="off" value={name} onValue={setName} error={errors['/name']} />
        <CategoryChoice
          label={words.parent}
          none={words.noParent}
          categories={all.filter((it) => !below.has(it.slug))}
          value={parent}
          onValue={setParent}
          error={errors['/parent']}
        />
        <p class="row">
          <Submit busy={save.busy}>{words.save}</Submit>
          <button type="button" class="button" onClick={close}>
            {text.cancel}
          </button>
        </p>
      </Form>
    </Dialog>
  );
}

/** Deletes a category, after it has asked; says why if that can't be done. */
function DeleteCategory(props: { category: Category; onClose(): void; onDeleted(): void }) {
  const { slug, name } = props.category;
  const staff = useStaff();
  const list = useCategoryList();
  const remove = useAction(async () => {
    await untilDeleted(staff.categories.delete(slug));
    list.deleted(slug);
    props.onDeleted();
  });
  const failure = (error: unknown) =>
    isConflict(error) ? (
      <RefusedNotice text={words.used(name)}>
        <a href={href(['products'], { category: slug })}>{words.seeProducts}</a>
      </RefusedNotice>
    ) : (
      <Failure error={error} />
    );
  return (
    <ConfirmDialog
      title={words.deleteTitle(name)}
      text={words.deleteText}
      confirm={words.deleteYes}
      cancel={text.cancel}
      action={remove}
      onConfirm={() => void remove.run()}
      onClose={props.onClose}
      failure={failure}
    />
  );
}
