// What belongs to one contact each, of which a page that stays open all day keeps the last few.

const MOST = 20;

/** of(id): the thing of a contact, made when there is none. The oldest that *mayGo* are closed when there are too many. */
export function few(make, mayGo) {
  const known = new Map(); // the one used last is the last
  return {
    of(id) {
      const one = known.get(id) ?? make(id);
      known.delete(id);
      known.set(id, one);
      for (const [old, thing] of known) {
        if (known.size <= MOST) break;
        if (old !== id && mayGo(thing)) { known.delete(old); thing.close(); }
      }
      return one;
    },
    all: () => [...known.values()],
  };
}
