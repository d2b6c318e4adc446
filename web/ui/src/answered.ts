let answered = false;

/** Notes that the shop has answered this page, and so lets pages of this origin read its answers. */
export function noteAnswer(): void {
  answered = true;
}

/** Returns whether the shop has answered this page. */
export function hasAnswered(): boolean {
  return answered;
}
