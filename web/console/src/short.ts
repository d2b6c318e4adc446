// What tables show in short: their columns are narrow, and their titles tell the rest.
import { language } from '@buy-from-me/text';

/** Returns the day of a time of the API, where the reader is. */
export function formatDay(time: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(new Date(time));
}

/** Returns a time of the API to the second, where the reader is. */
export function formatSecond(time: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time));
}

/**
 * Returns an id by its kind and its end, `usr_…pncjnh`: ids begin with a time, so that those
 * of things that were made together differ at the end. What is no long id stays as it is.
 */
export function shortId(id: string): string {
  return id.replace(/^([a-z]{3,4}_)[0-9a-z]{20}([0-9a-z]{6})$/, '$1…$2');
}
