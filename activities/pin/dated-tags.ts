/**
 * The tags that a publisher gave the states of a moving one, by a date in their name: `bookworm-20231009-slim` of `bookworm-slim`.
 * Those of the date or before, newest first; whether an image is as old as its tag says is for its registry to tell.
 */
export function datedTags(tags: readonly string[], moving: string, asOf: string): string[] {
  const day = asOf.slice(0, 10).replaceAll('-', '');
  const dated = tags.flatMap((tag) => {
    const match = /^(.*?)[-._]?((?:19|20)\d{6})(?:[-._]\d{1,2}(?=-|$))?(.*)$/.exec(tag);
    return match && withoutJoint(`${match[1]}${match[3]}`) === moving && (match[2] as string) <= day ? [{ tag, date: match[2] as string }] : [];
  });
  return dated.sort((a, b) => (a.date === b.date ? (a.tag < b.tag ? 1 : -1) : a.date < b.date ? 1 : -1)).map(({ tag }) => tag);
}

/** `-slim` of `20231009-slim` is `slim`. */
function withoutJoint(rest: string): string {
  return rest.replace(/^[-._]+/, '');
}
