/** What a question is refused with that came while news of the run were on their way: to be asked again, at once. */
export const AskAgain = 'Asked while news were on their way: ask again.';
