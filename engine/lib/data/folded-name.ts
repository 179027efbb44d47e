/**
 * A user name without what makes two names look alike only: compatibility forms of letters (NFKC) and
 * case. To lower case from upper case, since that also folds letters like ß and the two forms of sigma.
 */
export function foldedName(username: string): string {
  return username.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
