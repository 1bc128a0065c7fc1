/**
 * `make`, asked once for each object and argument, and forgotten with the object. For objects that never change: what is folded from events
 * makes a new one instead, and keeps the thousands that an event does not touch.
 */
export function remembered<Key extends object, Argument, Value>(
  make: (key: Key, argument: Argument) => Value,
): (key: Key, argument: Argument) => Value {
  const known = new WeakMap<Key, Map<Argument, { readonly value: Value }>>();
  return (key, argument) => {
    const ofKey = known.get(key) ?? new Map<Argument, { readonly value: Value }>();
    const found = ofKey.get(argument) ?? { value: make(key, argument) };
    known.set(key, ofKey.set(argument, found));
    return found.value;
  };
}
