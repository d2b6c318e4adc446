/** Returns a phone number without the spaces and brackets that people write in it: the shop takes E.164. */
export function barePhone(typed: string): string {
  return typed.replace(/[\s()/.-]/g, '');
}
