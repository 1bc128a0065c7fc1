/** What can be said of a field by its kind alone. Free of schemas, so that a browser need not load them. */

/** Whether a field, or the rule that reads it, is of a file for each sample: a picture or a recording. */
export const readsFile = ({ kind }: { readonly kind: string }): boolean => kind === "image" || kind === "signal";
